import PenstockTesting

/// What one random run does, drawn from a seed, and what it should come to.
struct Plan: Codable, Sendable {
    let seed: UInt64
    let depth: Int

    /// How many levels runs are nested.
    static let deepest = 2

    /// One thing that a run does; each has an argument that no other step of the world has.
    enum Step {
        case add
        case together(Int)
        case race
        case nested
        case flaky
        case refused
        case review
        case book
        case echo
        case chance
        case slow
    }

    /// The steps, with their arguments.
    var steps: [(step: Step, argument: Int)] {
        var generator = SeededGenerator(seed: self.seed)
        return (0..<2 + generator.next() % 4).map { _ in (self.draw(&generator), Int(generator.next() >> 24)) }
    }

    private func draw(_ generator: inout SeededGenerator) -> Step {
        switch generator.next() % 14 {
        case 0, 1: .add
        case 2, 3: self.depth < Self.deepest ? .together(2 + Int(generator.next() % 3)) : .add
        case 4: .race
        case 5, 6: self.depth < Self.deepest ? .nested : .add
        case 7: .flaky
        case 8: .refused
        case 9: .review
        case 10: .book
        case 11: .echo
        case 12: .chance
        default: .slow
        }
    }

    /// The plan of a run that this one calls.
    func child(_ argument: Int) -> Plan {
        Plan(seed: self.seed ^ UInt64(argument), depth: self.depth + 1)
    }

    /// What the run comes to.
    var expected: Int {
        self.steps.reduce(0) { (sum: Int, next) -> Int in
            switch next.step {
            case .add, .race, .flaky, .book, .echo, .slow: sum &+ next.argument &+ 1
            case .together(let count):
                (1..<count).reduce(sum &+ self.child(next.argument).expected) { (sum: Int, more: Int) in
                    sum &+ next.argument &+ more &+ 1
                }
            case .nested: sum &+ self.child(next.argument).expected
            case .refused: sum &+ 7
            case .review: sum &+ next.argument &+ 2
            case .chance: sum
            }
        }
    }

    /// What the run books, and what the runs book that it calls.
    var bookings: [Int] {
        self.steps.flatMap { next -> [Int] in
            switch next.step {
            case .book: [next.argument]
            case .nested, .together: self.child(next.argument).bookings
            default: []
            }
        }
    }

    /// How many steps the journal of the run has.
    var length: Int {
        self.steps.reduce(0) { (sum: Int, next) -> Int in
            switch next.step {
            case .together(let count): sum + count
            case .race: sum + 3  // The winner is a step of its own.
            case .add, .nested, .flaky, .refused, .review, .book, .echo, .chance, .slow: sum + 1
            }
        }
    }
}
