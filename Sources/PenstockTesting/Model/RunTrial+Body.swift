import Penstock

extension RunTrial {
    /// What the body of the run does: a few calls, some of them at once, and waiting for all of them or the first.
    struct Body {
        private let rounds: [(callees: [String], isRace: Bool)]
        private var round = 0
        private var open: [Int] = []
        private var isWaiting = false

        init(seed: UInt64) {
            var generator = SeededGenerator(seed: seed ^ 0x626f_6479)
            self.rounds = (0..<1 + generator.next() % 4).map { _ in
                let callees = (0..<1 + generator.next() % 3).map { _ in generator.next() % 2 == 0 ? "brief" : "long" }
                return (callees, generator.next() % 4 == 0)
            }
        }

        /// What it waits for next; `nil` when it has ended.
        mutating func next(_ machine: inout RunMachine) -> [Int]? {
            if self.open.isEmpty {
                guard self.round < self.rounds.count else { return nil }
                for callee in self.rounds[self.round].callees {
                    let call = Call(callee: callee, argument: Payload(bytes: [UInt8(self.round)]), source: "here")
                    // None when the replay differs, which the waiting finds.
                    if let step = machine.issued(call) { self.open.append(step) }
                }
            }
            return self.rounds[self.round].isRace ? self.open : self.open.first.map { [$0] } ?? []
        }

        /// A step that it has waited for has ended.
        mutating func hear(_ step: Int, _ outcome: RunMachine.Outcome) {
            self.open = self.rounds[self.round].isRace ? [] : self.open.filter { $0 != step }
            if self.open.isEmpty { self.round += 1 }
        }
    }
}
