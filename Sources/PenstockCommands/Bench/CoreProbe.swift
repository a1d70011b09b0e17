import CLinux
import Dispatch
import Penstock
import PenstockFlow
import Synchronization

/// What the cores do without Penstock: the figures that those of links are to be read beside.
struct CoreProbe: Sendable {
    /// How long a cache line takes from one spinning thread to another and back, in the fastest of some blocks.
    ///
    /// When the machine has something else to do the threads may come to share a core, and the line goes nowhere.
    let lineNanoseconds: Double
    /// How long a sleeping thread takes to wake, as half of the way to it and back; the median.
    let wakeNanoseconds: Double

    /// Makes the probe, in a few milliseconds.
    init() async throws {
        self.lineNanoseconds = try await Self.line()
        self.wakeNanoseconds = try await Self.wake() / 2
    }

    /// What the cores did in all the probes, in a line.
    static func summary(_ probes: [CoreProbe]) -> String? {
        guard let line = Words.spread(probes.map(\.lineNanoseconds)) else { return nil }
        let wake = Words.spread(probes.map { $0.wakeNanoseconds / 1000 }) ?? ""
        return "Probe: a cache line to the other core and back \(line) ns, waking a thread \(wake) µs."
    }

    private static let blocks = 21

    private static func line() async throws -> Double {
        let (ball, rounds) = (Shared(), 1000)
        let times = try await Self.blocks(of: rounds) {
            for _ in 0..<rounds { ball.pass(odd: false) }
        } other: {
            for _ in 0..<rounds { ball.pass(odd: true) }
        }
        return times[0]
    }

    private static func wake() async throws -> Double {
        let (there, back, rounds) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0), 20)
        let times = try await Self.blocks(of: rounds) {
            for _ in 0..<rounds {
                there.signal()
                back.wait()
            }
        } other: {
            for _ in 0..<rounds {
                there.wait()
                back.signal()
            }
        }
        return times[times.count / 2]
    }

    /// The nanoseconds of one round in each of some blocks, from the fastest to the slowest.
    private static func blocks(
        of rounds: Int,
        one: @escaping @Sendable () -> Void,
        other: @escaping @Sendable () -> Void
    ) async throws -> [Double] {
        async let second: Void = BenchThread.run("probe") { for _ in 0..<Self.blocks { other() } }
        let times = try await BenchThread.run("probe") {
            (0..<Self.blocks).map { _ in
                let start = ContinuousClock().now
                one()
                return (ContinuousClock().now - start).inSeconds
            }
        }
        try await second
        return times.sorted().map { $0 * 1e9 / Double(rounds) }
    }

    /// A number on a line of its own, which two threads count up in turn.
    private final class Shared: Sendable {
        private let before = InlineArray<16, Int>(repeating: 0)
        private let number = Atomic(0)
        private let after = InlineArray<16, Int>(repeating: 0)

        /// Waits for a number that is odd or even, and makes it the next.
        func pass(odd: Bool) {
            var (number, looks) = (self.number.load(ordering: .acquiring), 0)
            while (number & 1 == 1) != odd {
                looks += 1
                // Where they share a core, the other thread cannot move meanwhile.
                if looks.isMultiple(of: 2000) { BenchThread.giveWay() }
                number = self.number.load(ordering: .acquiring)
            }
            self.number.store(number &+ 1, ordering: .releasing)
        }
    }
}
