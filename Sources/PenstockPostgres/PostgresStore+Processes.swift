import Penstock
import Synchronization

/// What this process and the others tell each other.
extension PostgresStore {
    /// Has others look where something has changed, and keeps the listener up to date on whether this process is busy.
    func tell(_ hints: Hints) {
        let isBusy = self.holds.count > 0
        let mustWake = self.listening.withLock { wishes in
            let wasEmpty = wishes.hints.isEmpty
            wishes.hints.formUnion(hints)
            if isBusy, !wishes.isKnownBusy {
                // Others look more often while somebody may die over something.
                (wishes.isKnownBusy, wishes.mustLook, wishes.hints.isRollCall) = (true, true, true)
            }
            return wishes.mustLook || (wasEmpty && !wishes.hints.isEmpty)
        }
        if mustWake { self.wakeup.signal() }
    }

    /// The server knows whether this process holds anything.
    func noted(isBusy: Bool) {
        self.listening.withLock { $0.isKnownBusy = isBusy }
    }

    /// The process goes by another number.
    func processChanged(_ process: Int64) {
        self.listening.withLock { wishes in
            wishes.process = process
            wishes.mustLook = true
        }
        self.wakeup.signal()
    }

    /// Follows hints of another process.
    func heard(_ hints: Hints) {
        self.readied(hints.ready.sorted())
        for queue in self.departures.awaited(among: hints.left.sorted()) { self.departures.wake(queue) }
        if hints.hasEndings { self.lookForEndings() }
    }

    /// Something has happened somewhere.
    func heardOfEverything() {
        if self.desk.hintAll() { self.poke() }
        for queue in self.choice.names { self.choice.wake(queue) }
        self.lookForRoom()
        self.lookForEndings()
    }

    /// Has those look who wait for room.
    func lookForRoom() {
        for queue in self.departures.names.sorted() { self.departures.wake(queue) }
    }

    /// Has those who wait for an end look, if theirs has come.
    func lookForEndings() {
        let awaited = self.endings.names.sorted()
        guard !awaited.isEmpty else { return }
        self.environment.task { [weak self] in
            guard let self else { return }
            do throws(PenstockError) {
                let ended = try await self.read { reader throws(PostgresError) in try reader.ended(among: awaited) }
                for id in ended { self.endings.wake(id) }
            } catch {
                // They look for themselves, and hear what is wrong.
                for id in awaited { self.endings.wake(id) }
            }
        }
    }

    /// Learns when the next item of a queue is due for which somebody waits.
    func saw(queue: String, dueIn delay: Duration) {
        if delay > .zero { self.ring(in: delay) } else { self.readied([queue]) }
    }

    /// Takes in what other processes have written down for this one.
    func take(_ news: [PieceOfNews]) {
        guard !news.isEmpty else { return }
        let news = self.listening.withLock { wishes in
            let known = wishes.known
            wishes.known = Set(news.map(\.number))
            wishes.told += news.map(\.number)
            return news.filter { !known.contains($0.number) }
        }
        var told: [(holder: Holder, news: RunNews)] = []
        for piece in news {
            guard let step = piece.step else {
                guard let held = self.holds.remove(piece.lease), let holder = held.holder else { continue }
                told.append((holder, RunNews(lease: piece.lease, news: held.news + 1, steps: [], isOver: true)))
                continue
            }
            guard let woken = self.holds.wake(piece.lease, times: 1, isFromElsewhere: true), let holder = woken.holder
            else { continue }
            told.append((holder, RunNews(lease: piece.lease, news: woken.news, steps: [step], isOver: false)))
        }
        self.deliver(told)
    }

    /// The list has this process no more: its writer finds the same with the next group, which is at once.
    func wasExpelled(_ process: Int64) {
        guard self.listening.withLock({ $0.process == process }) else { return }
        self.add(
            Chore(
                body: { table throws(PenstockError) in
                    do throws(PostgresError) {
                        try table.begin()
                    } catch {
                        throw error.wrapped()
                    }
                    return {}
                },
                failed: { _ in }
            )
        )
    }

    /// Gives back what a process held that has died, if it has.
    func rescue(_ process: Int64) {
        let report = self.environment.report
        self.add(
            Chore { [weak self] table throws(PenstockError) in
                let queues = try table.rescue(process)
                return {
                    guard let queues else { return }
                    report?(Notice(.warning, "process \(process) has died; what it held is ready again"))
                    var hints = Hints()
                    hints.ready = Set(queues)
                    self?.readied(queues)
                    self?.tell(hints)
                }
            } failed: { error in
                report?(Notice(.warning, "process \(process) seems dead, and could not be cleared away yet: \(error)"))
            }
        )
    }
}

extension PostgresTable {
    /// Declares a process dead, and gives back what it held.
    /// - Returns: the queues in which items are ready again; `nil` when it lives, or somebody else has seen to it.
    fileprivate func rescue(_ process: Int64) throws(PenstockError) -> [String]? {
        guard try self.ask(self.statements.buryDead, PostgresValues(process)).count == 1 else { return nil }
        let rows = try self.ask(self.statements.rescue, PostgresValues(process))
        _ = try self.ask(self.statements.foldCounts, PostgresValues(process))
        var queues: [String] = []
        do throws(PostgresError) {
            for row in 0..<rows.count { queues.append(try rows.text(row, 0)) }
        } catch {
            throw error.wrapped()
        }
        return queues.sorted()
    }
}
