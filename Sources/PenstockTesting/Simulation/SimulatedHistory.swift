import Penstock
import Synchronization

/// What the processes of a simulated world were told, to be held against what there is.
final class SimulatedHistory: Sendable {
    private struct State {
        var tokens: Set<Int64> = []
        var grants: [ItemID: Int] = [:]
        /// What a store has said it is about to hand out, until somebody has it.
        var claims: Set<ItemID> = []
        /// The rows that were removed since the world began.
        var deleted: Set<ItemID> = []
        var acknowledged: Set<ItemID> = []
        var results: [ItemID: Payload] = [:]
        var snapshots: [[ItemID: ItemRecord]] = []
        var violations: [String] = []
        var log: [String] = []
    }

    private let state = Mutex(State())

    /// What was asked of the store, in order.
    var log: [String] { self.state.withLock { $0.log } }

    /// Writes down what was asked of the store.
    func write(_ line: String) {
        self.state.withLock { $0.log.append(line) }
    }

    /// What was seen to be wrong as it happened.
    var violations: [String] { self.state.withLock { $0.violations } }

    /// Somebody was given leases.
    func granted(_ items: [LeasedItem]) {
        self.state.withLock { state in
            for item in items {
                state.claims.remove(item.record.id)
                state.grants[item.record.id, default: 0] += 1
                if !state.tokens.insert(item.lease.token).inserted {
                    state.violations.append("token \(item.lease.token) of \(item.record.id.key) was given twice")
                }
                if item.lease.token <= item.record.token {
                    state.violations.append(
                        "token \(item.lease.token) of \(item.record.id.key) is not over \(item.record.token)"
                    )
                }
            }
        }
    }

    /// A store has written down that somebody is about to work on an item.
    func claimed(_ id: ItemID) {
        self.state.withLock { _ = $0.claims.insert(id) }
    }

    /// A store has written down that nobody works on these any longer.
    func unclaimed(_ ids: [ItemID]) {
        self.state.withLock { $0.claims.subtract(ids) }
    }

    /// A store has ended.
    /// - Parameter isCharged: Whether the next one charges an attempt for what this one said was at work.
    func ended(isCharged: Bool) {
        self.state.withLock { state in
            for id in state.claims where isCharged { state.grants[id, default: 0] += 1 }
            state.claims = []
        }
    }

    /// A row is removed; one that is not after all is found among the rows.
    func deleted(_ id: ItemID) {
        self.state.withLock { _ = $0.deleted.insert(id) }
    }

    /// Somebody was told that a transaction has happened.
    func acknowledged(_ operations: [Operation], _ receipt: Receipt) {
        self.state.withLock { state in
            for (operation, id) in zip(operations, receipt.ids) {
                switch operation {
                case .push, .call: if let id { state.acknowledged.insert(id) }
                case .settle(let lease, .complete(let result, _)): state.results[lease.id] = result
                default: break
                }
            }
        }
    }

    /// Notes that something is wrong.
    func violated(_ what: String) {
        self.state.withLock { $0.violations.append(what) }
    }

    /// Holds what a store has counted against its rows.
    func compare(_ counts: [QueueCount], with rows: [ItemID: ItemRecord]) {
        var expected: [String: [Int]] = [:]
        for row in rows.values where !row.state.isSettled {
            expected[row.queue, default: [0, 0]][row.state == .ready ? 0 : 1] += 1
        }
        for count in counts where [count.ready + count.leased, count.parked] != expected[count.queue] ?? [0, 0] {
            self.violated("\(count), but the rows [ready, parked] are \(expected[count.queue] ?? [0, 0])")
        }
    }

    /// Keeps what there is now, because somebody has seen it.
    func remember(_ content: [ItemID: ItemRecord]) {
        self.state.withLock { $0.snapshots.append(content) }
    }

    /// Holds everything against what there is in the end.
    /// - Returns: what is wrong.
    func problems(with rows: [ItemID: ItemRecord]) -> [String] {
        self.state.withLock { state in
            let deleted = state.deleted
            var problems = state.violations
            for id in state.acknowledged.sorted() where rows[id] == nil && !deleted.contains(id) {
                problems.append("item \(id.key) was acknowledged and is lost")
            }
            for (id, result) in state.results.sorted(by: { $0.key < $1.key }) where !deleted.contains(id) {
                guard rows[id]?.state != .completed || rows[id]?.result != result else { continue }
                problems.append("the end of \(id.key) was acknowledged, and is \(rows[id]?.state.rawValue ?? "lost")")
            }
            for snapshot in state.snapshots { problems += Self.changes(from: snapshot, to: rows, deleted) }
            return problems + Self.gaps(in: rows) + Self.orphans(among: rows) + Self.charges(rows, state.grants)
        }
    }

    /// What was recorded once is there for ever, unless it was received.
    private static func changes(
        from before: [ItemID: ItemRecord],
        to after: [ItemID: ItemRecord],
        _ deleted: Set<ItemID>
    ) -> [String] {
        before.sorted { $0.key < $1.key }.compactMap { id, old in
            guard let new = after[id] else { return deleted.contains(id) ? nil : "item \(id.key) is gone" }
            guard new.queue == old.queue, new.digest == old.digest else { return "item \(id.key) is another one now" }
            guard new.token >= old.token else { return "the token of \(id.key) went back" }
            guard old.state.isSettled, new.state != old.state || new.result != old.result else { return nil }
            return "item \(id.key) had ended as \(old.state.rawValue), and is \(new.state.rawValue) now"
        }
    }

    /// Journals are numbered without a gap.
    private static func gaps(in rows: [ItemID: ItemRecord]) -> [String] {
        var journals: [Int64: [Int]] = [:]
        for id in rows.keys where !id.isRoot { journals[id.run, default: []].append(id.step) }
        return journals.sorted { $0.key < $1.key }.compactMap { run, steps in
            steps.sorted() == Array(1...steps.count) ? nil : "run \(run) has the steps \(steps.sorted())"
        }
    }

    /// What a run has called does not outlive it.
    private static func orphans(among rows: [ItemID: ItemRecord]) -> [String] {
        rows.values.sorted { $0.id < $1.id }.compactMap { row in
            guard let caller = row.caller.flatMap({ rows[$0] }), caller.state.isSettled, !row.state.isSettled else {
                return nil
            }
            return "step \(row.id.key) is \(row.state.rawValue), and its run has ended as \(caller.state.rawValue)"
        }
    }

    /// Nothing counts as an attempt that was not one.
    private static func charges(_ rows: [ItemID: ItemRecord], _ grants: [ItemID: Int]) -> [String] {
        rows.values.sorted { $0.id < $1.id }.compactMap { row in
            // Whoever resolves an item makes an attempt without a lease.
            guard row.attempt > grants[row.id, default: 0] + 1 else { return nil }
            return
                "item \(row.id.key) counts \(row.attempt) attempts and was leased \(grants[row.id, default: 0]) times"
        }
    }
}
