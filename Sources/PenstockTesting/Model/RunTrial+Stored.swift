import Penstock

extension RunTrial {
    /// What the store has of the run.
    struct Stored {
        /// News for the holder of the run.
        struct News {
            let count: Int
            let step: Int
        }

        /// The journal has the step already.
        struct MadeTwice: Error {
            let step: Int
        }

        private(set) var rows: [Int: ItemRecord] = [:]
        private(set) var isParked = false
        /// The token under which the run is held.
        private(set) var holder: Int64?
        /// The wake-ups under that lease.
        private(set) var news = 0
        private let run: ItemID

        init(run: ItemID) {
            self.run = run
        }

        /// Whether somebody may lease the run.
        var isReady: Bool { !self.isParked && self.holder == nil }

        mutating func lease(_ token: Int64) {
            self.holder = token
            self.news = 0
        }

        /// The lease is over, and the row says what it said.
        mutating func giveUp() { self.holder = nil }

        /// The lease is over, and the run is ready.
        mutating func release() {
            self.holder = nil
            self.isParked = false
        }

        mutating func park(at news: Int) {
            if self.news <= news { self.isParked = true }
        }

        /// Applies a transaction.
        /// - Returns: what the holder of the run has to hear.
        mutating func apply(_ operations: [Operation]) throws(MadeTwice) -> [News] {
            var told: [News] = []
            for operation in operations {
                switch operation {
                case .call(let step): try self.insert(step)
                case .settle(let lease, .complete(let result, let heardBy)):
                    if self.end(lease.id.step, result), heardBy == nil || heardBy?.token != self.holder {
                        told += self.wake(lease.id.step)
                    }
                case .settle(_, .park(let news)): self.park(at: news)
                default: break
                }
            }
            return told
        }

        private mutating func insert(_ step: NewStep) throws(MadeTwice) {
            guard self.rows[step.id.step] == nil else { throw MadeTwice(step: step.id.step) }
            self.rows[step.id.step] = ItemRecord(
                id: step.id,
                number: Int64(step.id.step) + 1,
                queue: step.queue,
                key: step.id.key,
                state: step.result == nil ? .ready : .completed,
                due: .distantPast,
                created: .distantPast,
                digest: step.digest,
                payload: step.payload,
                result: step.result,
                caller: self.run
            )
        }

        /// Records the end of a step; `false` when it had ended.
        private mutating func end(_ step: Int, _ result: Payload) -> Bool {
            guard let row = self.rows[step], !row.state.isSettled else { return false }
            self.rows[step]?.state = .completed
            self.rows[step]?.result = result
            return true
        }

        private mutating func wake(_ step: Int) -> [News] {
            self.isParked = false
            guard self.holder != nil else { return [] }
            self.news += 1
            return [News(count: self.news, step: step)]
        }
    }
}
