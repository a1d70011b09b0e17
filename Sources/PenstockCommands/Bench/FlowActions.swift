import CLinux
import PenstockFlow
import Synchronization

/// Puts the numbers below the one that comes.
struct Count: Action {
    var watch: Stopwatch?

    func onInput(_ count: Int, _ put: (Int) throws -> Void) throws {
        self.watch?.start()
        for number in 0..<count { try put(number) }
    }
}

/// Adds what comes, and stops the watch at the end.
struct Sum: Action {
    let watch: Stopwatch
    let total: Total
    private var sum = 0

    init(_ watch: Stopwatch, _ total: Total) {
        (self.watch, self.total) = (watch, total)
    }

    mutating func onInput(_ number: Int, _ put: (Never) throws -> Void) {
        self.sum &+= number
    }

    mutating func onFinish(_ put: (Never) throws -> Void) {
        self.watch.stop()
        self.total.set(self.sum)
    }
}

/// Adds one, in a way of which the compiler cannot make a formula.
struct OpaqueIncrement: Action {
    func onInput(_ number: Int, _ put: (Int) throws -> Void) throws {
        try put(clinux_opaque(number &+ 1))
    }
}

/// Puts the numbers below the one that comes, each of which might be any other.
struct OpaqueCount: Action {
    let watch: Stopwatch

    func onInput(_ count: Int, _ put: (Int) throws -> Void) throws {
        self.watch.start()
        for number in 0..<count { try put(clinux_opaque(number)) }
    }
}

/// Starts the watch, and lets what comes pass.
struct Starting: Action {
    let watch: Stopwatch

    func onInput(_ number: Int, _ put: (Int) throws -> Void) throws {
        self.watch.start()
        try put(number)
    }
}

/// Puts the numbers below the one that comes, in arrays.
struct CountInBatches: Action {
    let watch: Stopwatch

    func onInput(_ count: Int, _ put: ([Int]) throws -> Void) throws {
        self.watch.start()
        for first in stride(from: 0, to: count, by: FlowBench.batch) {
            try put(Array(first..<min(first + FlowBench.batch, count)))
        }
    }
}

/// What a segment has come to.
final class Total: Sendable {
    private let number = Atomic(0)

    func set(_ number: Int) { self.number.store(number, ordering: .releasing) }

    var value: Int { self.number.load(ordering: .acquiring) }
}
