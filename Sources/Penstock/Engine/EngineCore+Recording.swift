/// Recording what items come to.
extension EngineCore {
    /// Commits a transaction, however long the store cannot: what was worked on is not thrown away.
    /// - Throws: what the store refuses for good; that it is unavailable, when the engine has waited for it at its end
    ///   as long as it may.
    @discardableResult
    func commit(_ transaction: Transaction) async throws(PenstockError) -> Receipt {
        while true {
            do throws(PenstockError) {
                return try await self.store.commitWhenThereIsRoom(transaction)
            } catch  where Self.mayPass(error) && !self.work.isGivenUp {
                await self.waitForStore(after: error)
            }
        }
    }

    /// Commits a transaction, as above, without a task that waits; `completion` must be brief.
    func submit(
        _ transaction: Transaction,
        _ completion: @escaping @Sendable (Result<Receipt, PenstockError>) -> Void
    ) {
        self.store.submit(transaction) { outcome in
            guard case .failure(let error) = outcome, Self.mayPass(error) || error.code == .queueFull else {
                return completion(outcome)
            }
            self.environment.task {
                if error.code != .queueFull { await self.waitForStore(after: error) }
                do throws(PenstockError) {
                    completion(.success(try await self.commit(transaction)))
                } catch {
                    completion(.failure(error))
                }
            }
        }
    }

    /// Whether the same may go well later: when the disk has room again, or somebody has mended it.
    static func mayPass(_ error: PenstockError) -> Bool {
        error.code == .storeUnavailable || error.code == .storeUnusable
    }

    /// Leaves a store alone for a while that cannot read or write.
    func waitForStore(after error: PenstockError) async {
        let delay = self.configuration.storeRetryDelay
        self.tell(.error, "the store cannot be used; it is tried again every \(delay): \(error)")
        // In a task of its own: one that was cancelled would not wait, but try as fast as it can.
        await self.environment.task { try? await self.environment.clock.sleep(for: delay) }.value
    }

    /// Records what an activity has come to, and the changes that its body asked for.
    /// - Throws: what the store has against the changes; nothing was recorded then.
    func conclude(_ leased: LeasedItem, _ conclusion: Conclusion) async throws(PenstockError) {
        if let elsewhere = conclusion.elsewhere { try await elsewhere.store?.commitWhenThereIsRoom(elsewhere) }
        guard !conclusion.changes.isEmpty else { return await self.concludeRun(leased, conclusion) }
        // The changes may be refused for reasons of their own, so they are not mixed with what the caller does next.
        let operations = conclusion.changes + conclusion.operations
        do throws(PenstockError) {
            try await self.commit(Transaction(operations))
        } catch  where error.code == .leaseLost || error.code == .storeClosed {
            // Somebody else has settled the item: nothing of this attempt counts.
        } catch  where Self.mayPass(error) {
            // There is no more time to record it: the item goes back as it was.
            await self.giveBack(leased.lease)
        }
    }

    /// Records what an item has come to: with the run that waits for it, if that is in memory here.
    func concludeRun(_ leased: LeasedItem, _ conclusion: Conclusion, _ whole: Recording? = nil) async {
        if case .failure = conclusion.outcome { self.counters.failures.add(1) }
        if let elsewhere = conclusion.elsewhere, !(await self.push(elsewhere, for: leased)) { return }
        let recording = whole ?? Recording(conclusion.operations)
        guard let caller = leased.record.caller, let run = self.hot[caller] else {
            await self.record(recording)
            return
        }
        let id = leased.record.id
        switch run.arrived(id.step, conclusion.outcome, recording) {
        case .taken: return
        case .cold: await self.record(recording)
        case .record:
            // Should the run have been taken from its holder here by the time this is recorded, it is woken after all.
            switch await self.record(recording.heard(of: id, by: run.leased.lease)) {
            case .done: run.recorded(id.step, conclusion.outcome)
            case .refused: run.unrecorded(id.step)
            // The run must not go on as if the step were open: it would wait for an end that may be recorded.
            case .unknown: await run.withdraw()
            }
        }
    }

    /// Sends a result to a queue of another store; the item is given back when that refuses it.
    private func push(_ transaction: Transaction, for leased: LeasedItem) async -> Bool {
        do throws(PenstockError) {
            try await transaction.store?.commitWhenThereIsRoom(transaction)
            return true
        } catch {
            let record = leased.record
            self.tell(.error, "the result of key '\(record.key)' of queue '\(record.queue)' is refused: \(error)")
            let failure = Failure(
                .failed,
                pipeline: record.queue,
                message: "\(error)",
                attempts: record.attempt
            )
            let delay = self.configuration.storeRetryDelay
            await self.record(Recording([.settle(leased.lease, .retry(after: delay, failure))]))
            return false
        }
    }

    /// What came of recording something.
    enum Outcome {
        /// It is durable.
        case done
        /// It will never be: somebody else has settled the item first, which is as good, or the store is closed.
        case refused
        /// There was no more time to ask the store again; the items were given back.
        case unknown
    }

    /// Commits what settles something; when that is refused, its parts on their own.
    @discardableResult
    func record(_ recording: Recording) async -> Outcome {
        do throws(PenstockError) {
            try await self.commit(Transaction(recording.operations))
            return .done
        } catch {
            if error.code != .leaseLost, error.code != .storeClosed {
                self.tell(.error, "cannot be recorded: \(error)")
            }
            if Self.mayPass(error) {
                for case .settle(let lease, _) in recording.operations { await self.giveBack(lease) }
                return .unknown
            }
            for part in recording.parts { await self.record(part) }
            if let run = recording.run, !recording.parts.isEmpty {
                await self.record(Recording([.settle(run, .release)]))
            }
            return .refused
        }
    }

    /// Lets go of an item of which nothing can be recorded, so that the next engine over the store finds it.
    ///
    /// If something was recorded although the store did not say so, the lease is gone and nothing happens.
    func giveBack(_ lease: LeaseReference) async {
        _ = await self.store.relinquish(lease, news: .max)
    }

    /// Reads the whole journal of a run.
    func journal(of run: ItemRecord) async throws(PenstockError) -> [ItemRecord] {
        var journal: [ItemRecord] = []
        while true {
            let page = try await self.store.items(
                ItemQuery(.journal(root: run.id.root, run: run.number), after: journal.last)
            )
            journal += page
            if page.isEmpty { return journal }
        }
    }

    /// Whether the pipeline is an activity of this engine, so that whoever waits for it will soon go on.
    func endsSoon(_ callee: String) -> Bool {
        self.workers[callee]?.endsByItself ?? false
    }
}
