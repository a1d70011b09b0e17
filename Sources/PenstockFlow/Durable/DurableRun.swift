import Penstock

/// A run of a graph whose links are in a store.
struct DurableRun: Sendable {
    private let graph: String
    private let nodes: [PlannedNode]
    private let record: DurableRecord
    private let store: any Store
    private let names: DurableNames
    private let settings: RunSettings
    private let sizes: DurableSizes

    init<Input: Sendable, Output: GraphItem>(
        _ plan: GraphPlan,
        _ input: Source<Input>,
        in store: any Store,
        as name: String,
        to output: Queue<Output>?,
        _ shared: (any Sendable)?,
        _ sizes: DurableSizes = DurableSizes()
    ) throws {
        guard !name.contains(":") else {
            let reason = "its queues could be those of another run: leave the colon out"
            throw FlowError(.cannotRun, "run '\(name)' has a colon in its name, so \(reason)")
        }
        // The store says what else is wrong with the name.
        _ = try Queue<Bool>("\(name):progress", in: store)
        (self.graph, self.store, self.names) = (plan.name, store, DurableNames(run: name))
        (self.settings, self.sizes) = (RunSettings(shared: shared), sizes)
        var nodes = [input.planned("input")] + plan.nodes
        for place in nodes.indices.dropFirst() {
            for inlet in nodes[place].inlets.indices {
                nodes[place].inlets[inlet].sources = Self.moved(nodes[place].inlets[inlet].sources)
            }
        }
        if let output {
            guard output.store === store else {
                throw PenstockError(.wrongStore, "queue '\(output.name)' is in another store than run '\(name)'")
            }
            nodes.append(OutputNode(queue: output, run: name).planned(Self.moved(plan.outputs)))
        }
        let problems = nodes.flatMap(\.unstorable)
        guard problems.isEmpty else { throw FlowErrors(problems) }
        self.nodes = nodes
        self.record = DurableRecord(
            graph: plan.name,
            nodes: nodes.map { node in
                let sources = node.inlets.map { $0.sources.map { "\($0.node).\($0.port)" }.joined(separator: " ") }
                return "\(node.name): \(node.kind.rawValue) \(sources.joined(separator: ", "))"
            }
        )
    }

    private static func moved(_ ports: [PortID]) -> [PortID] {
        ports.map { PortID(node: $0.node - GraphPlan.inlet, port: $0.port) }
    }

    // MARK: Running

    /// Runs it to its end, or says that it has had it.
    func main() async throws -> GraphResult {
        // By which it hears that somebody has ended it from outside.
        let holder = Holder(number: self.store.environment.entropy.next())
        guard let lease = try await self.begin(holder) else { return GraphResult(outcome: .completed, nodes: []) }
        do {
            try await self.waitForPredecessor()
        } catch {
            _ = await self.store.relinquish(lease, news: .max)
            throw error
        }
        let seats = self.seats(under: lease)
        let seated = zip(self.nodes, seats).map { node, seat in
            let body: @Sendable () async throws -> Void = {
                let hasEnded = try await self.store.item(self.names.doneReference(seat.place)) != nil
                if !hasEnded { try await node.runDurably(seat) }
            }
            return RunControl.Seated(node: node, seat: seat.node, sockets: [], body)
        }
        let executor = self.store.environment.scheduler ?? FlowExecutor.shared
        let control = RunControl(seated, self.settings, on: executor)
        let end = Task(executorPreference: executor) { await control.main() }
        let watch = self.store.environment.task {
            guard let reason = await self.loss(of: lease, holder) else { return }
            control.cancel(reason)
            end.cancel()
        }
        defer { watch.cancel() }
        let result = await withTaskCancellationHandler {
            await end.value
        } onCancel: {
            control.cancel("the task that ran it was cancelled")
            end.cancel()
        }
        guard case .completed = result.outcome else {
            for seat in seats { await seat.giveBack() }
            _ = await self.store.relinquish(lease, news: .max)
            throw GraphFailure(graph: self.graph, result: result)
        }
        let ended = Operation.settle(lease, .complete(try Payload(encoding: true)))
        do {
            _ = try await self.store.commit(Transaction(self.names.clear(nodes: self.nodes.count) + [ended]))
        } catch {
            // All is done but to say so, which the next call does.
            _ = await self.store.relinquish(lease, news: .max)
            let failure = NodeFailure(node: "the run", lineage: nil, error: error)
            throw GraphFailure(graph: self.graph, result: GraphResult(outcome: .failed(failure), nodes: result.nodes))
        }
        return result
    }

    /// Takes the run, or makes it.
    /// - Returns: `nil` when it has ended.
    private func begin(_ holder: Holder) async throws -> LeaseReference? {
        let payload = try Payload(encoding: self.record)
        let run = self.names.runReference
        if try await self.store.item(run) == nil {
            let item = NewItem(queue: self.names.run, key: "run", payload: payload, onDuplicate: .ignore)
            _ = try await self.store.commit(Transaction([.push(item)]))
        }
        guard let row = try await self.store.item(run) else {
            throw FlowError(.cannotRun, "run '\(self.names.run)' was deleted while it began: run it again")
        }
        let record = try row.payload.decode(as: DurableRecord.self)
        guard record == self.record else {
            let change = record.graph == self.record.graph ? "its nodes have changed" : "it was graph '\(record.graph)'"
            throw FlowError(
                .cannotRun,
                """
                run '\(self.names.run)' began with another graph, \(change): let it end with that, or choose a new name
                """
            )
        }
        if row.state == .completed { return nil }
        guard !row.state.isSettled else {
            throw FlowError(
                .cannotRun,
                "run '\(self.names.run)' was ended as \(row.state.rawValue): restart or delete it, or choose a new name"
            )
        }
        let request = ReserveRequest(queue: self.names.run, choice: .key("run"), waits: false, holder: holder)
        guard let leased = try await self.store.reserve(request).first else {
            throw FlowError(.cannotRun, "run '\(self.names.run)' is going on elsewhere: wait for its end")
        }
        return leased.lease
    }

    /// Waits until nobody holds rows of the run, so that they come in their order.
    ///
    /// Who has lost it may be at work on some, in a process that lives; he cannot commit them, and gives them back.
    private func waitForPredecessor() async throws {
        let queues = Set(self.nodes.indices.map { self.names.queue(of: $0) })
        var pause = Duration.milliseconds(1)
        while try await self.store.counts().contains(where: { queues.contains($0.queue) && $0.leased > 0 }) {
            try await self.store.environment.clock.sleep(for: pause)
            pause = min(pause * 2, .seconds(1))
        }
    }

    /// Waits until somebody has ended the run from outside.
    /// - Returns: what happened; `nil` when nobody waits for it any more.
    private func loss(of lease: LeaseReference, _ holder: Holder) async -> String? {
        while !Task.isCancelled {
            do throws(PenstockError) {
                let news = try await self.store.news(for: holder)
                if news.contains(where: { $0.isOver && $0.lease == lease }) { return "it was ended from outside" }
            } catch {
                // What is lost here is found out by the next commit.
                guard error.code == .storeUnavailable else { return nil }
                guard (try? await self.store.environment.clock.sleep(for: .seconds(1))) != nil else { return nil }
            }
        }
        return nil
    }

    private func seats(under lease: LeaseReference) -> [DurableSeat] {
        var targets = self.nodes.map { [[DurableSeat.Target]](repeating: [], count: max($0.outputs.count, 2)) }
        for (place, node) in self.nodes.enumerated() {
            // Who keeps rows would wait for room that he takes himself.
            let isBounded = node.kind == .processor || node.kind == .sink
            // The rows that say that somebody has ended are kept until all have.
            let ends = node.inlets.reduce(0) { $0 + $1.sources.count }
            let capacity = isBounded ? self.sizes.rows + ends : nil
            for (inlet, planned) in node.inlets.enumerated() {
                for source in planned.sources {
                    let target = DurableSeat.Target(
                        queue: self.names.queue(of: place),
                        inlet: inlet,
                        capacity: capacity
                    )
                    targets[source.node][source.port].append(target)
                }
            }
        }
        return self.nodes.enumerated().map { place, node in
            let seat = NodeSeat(node, bell: Bell(), doors: [], targets: [], self.settings)
            let sources = node.inlets.map(\.sources.count)
            return DurableSeat(
                seat,
                place,
                of: self.names,
                in: self.store,
                under: lease,
                self.sizes,
                sources: sources,
                targets: targets[place]
            )
        }
    }
}

extension PlannedNode {
    /// What goes through it and cannot be stored.
    fileprivate var unstorable: [FlowError] {
        (self.inlets.map(\.type) + self.outputs.compactMap(\.self)).filter {
            $0 != Never.self && !($0 is any GraphItem.Type)
        }
        .map { ItemCoder<Never>.refusal(of: $0, at: self.name) }
    }
}
