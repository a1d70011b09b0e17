import Foundation
import PenstockFlow
import Synchronization
import Testing

/// An item that says when nobody has it any more.
private final class Counted: Sendable {
    let number: Int
    private let alive: Alive

    init(_ number: Int, _ alive: Alive) {
        (self.number, self.alive) = (number, alive)
        alive.count.add(1, ordering: .relaxed)
    }

    deinit {
        self.alive.count.subtract(1, ordering: .relaxed)
    }

    final class Alive: Sendable {
        let count = Atomic(0)
    }
}

/// What lies in a link belongs to it, however soon it is taken out.
///
/// Once the reference was counted after the item was published. Only a build for release showed that, in which the
/// consumer may be done with an item before its producer has come to the next line: `swift test -c release`.
@Suite("Items with references", .timeLimit(.minutes(60)))
struct SharedItemTests {
    @Test(arguments: [1, 8, 1024])
    func `an item that is let go of at once was counted before`(capacity: Int) async {
        let alive = Counted.Alive()
        let sum = Atomic(0)
        let count = 100_000
        let pipeline = PipelineManager([
            Segment("start") {
                FlatMap { (count: Int, put: (Counted) throws -> Void) in
                    for number in 0..<count { try put(Counted(number, alive)) }
                }
                Send<Counted>(to: "pass")
            },
            Segment("pass", capacity: capacity) {
                Filter { (item: Counted) in item.number >= 0 }
                Send<Counted>(to: "sink")
            },
            Segment("sink", capacity: capacity) {
                ForEach { (item: Counted) in sum.add(item.number, ordering: .relaxed) }
            },
        ])
        #expect(await pipeline.run(count).outcome == .completed)
        #expect(sum.load(ordering: .relaxed) == count * (count - 1) / 2)
        #expect(alive.count.load(ordering: .relaxed) == 0)
    }

    @Test func `every array that segments change is a copy of its own`() async {
        let sum = Atomic(0)
        let count = 20_000
        let kept = [1, 2, 3]
        let pipeline = PipelineManager([
            Segment("start") {
                FlatMap { (count: Int, put: ([Int]) throws -> Void) in for _ in 0..<count { try put(kept) } }
                Send<[Int]>(to: "one", "two")
            },
            Self.adding("one", to: "sink"),
            Self.adding("two", to: "sink"),
            Segment("sink") { ForEach { (items: [Int]) in sum.add(items.reduce(0, +), ordering: .relaxed) } },
        ])
        #expect(await pipeline.run(count).outcome == .completed)
        #expect(sum.load(ordering: .relaxed) == 2 * count * (6 + 3))
        #expect(kept == [1, 2, 3])
    }

    private static func adding(_ name: String, to next: String) -> Segment {
        Segment(name, capacity: 2) {
            Map { (items: consuming [Int]) in
                for place in items.indices { items[place] += 1 }
                return items
            }
            Send<[Int]>(to: next)
        }
    }
}
