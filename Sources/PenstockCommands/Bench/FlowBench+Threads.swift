import CLinux
import PenstockFlow

/// Segments on threads, and links between threads.
extension FlowBench {
    /// W3-pipe: source, three times plus one, sink, each in a thread.
    func pipe(_ n: Int) async throws -> Lap {
        let (watch, total) = (Stopwatch(), Total())
        try await self.run(
            [
                Segment("start", capacity: Self.capacity) {
                    Count(watch: watch)
                    Send<Int>(to: "first")
                },
                Self.plusOne("first", to: "second"),
                Self.plusOne("second", to: "third"),
                Self.plusOne("third", to: "sink"),
                Segment("sink", capacity: Self.capacity) { Sum(watch, total) },
            ],
            n
        )
        try self.check(total.value, Self.sum(n, plus: 3))
        return try watch.lap(self.workload)
    }

    private static func plusOne(_ name: String, to next: String) -> Segment {
        Segment(name, capacity: Self.capacity) {
            Map { (number: Int) in number &+ 1 }
            Send<Int>(to: next)
        }
    }

    /// W3-fanin: four producers, one consumer.
    func fanIn(_ n: Int) async throws -> Lap {
        let (watch, total, shares) = (Stopwatch(), Total(), Self.shares(of: n))
        let producers = shares.indices.map { place in
            Segment("\(place)", capacity: Self.capacity) {
                Map { (_: Int) in shares[place] }
                Count()
                Send<Int>(to: "sink")
            }
        }
        let start = Segment("start") {
            Starting(watch: watch)
            Send<Int>(to: "0", "1", "2", "3")
        }
        try await self.run([start] + producers + [Segment("sink", capacity: Self.capacity) { Sum(watch, total) }], n)
        try self.check(total.value, shares.reduce(0) { $0 + Self.sum($1) })
        return try watch.lap(self.workload)
    }

    /// How many items each of four producers has.
    static func shares(of n: Int) -> [Int] { (0..<4).map { (n + $0) / 4 } }

    /// W3-ping: to and fro between two threads, over links that hold one item.
    func ping(_ n: Int) async throws -> Lap {
        let watch = Stopwatch()
        let (there, back) = (Link<Int>(capacity: 1), Link<Int>(capacity: 1))
        async let pong: Void = BenchThread.run("pong") {
            var reader = there.reader()
            var writer = back.writer()
            while let number = try reader.read() { try writer.write(number &+ 1) }
            writer.finish()
        }
        let sum = try await BenchThread.run("ping") {
            var writer = there.writer()
            var reader = back.reader()
            var sum = 0
            watch.start()
            for number in 0..<n {
                try writer.write(number)
                sum &+= try reader.read() ?? 0
            }
            watch.stop()
            writer.finish()
            return sum
        }
        try await pong
        try self.check(sum, Self.sum(n, plus: 1))
        return try watch.lap(self.workload)
    }

    /// W3-batch: the pipe, with arrays of numbers.
    func batches(_ n: Int) async throws -> Lap {
        let (watch, total) = (Stopwatch(), Total())
        try await self.run(
            [
                Segment("start", capacity: Self.capacity) {
                    CountInBatches(watch: watch)
                    Send<[Int]>(to: "first")
                },
                Self.allPlusOne("first", to: "second"),
                Self.allPlusOne("second", to: "third"),
                Self.allPlusOne("third", to: "sink"),
                Segment("sink", capacity: Self.capacity) {
                    Fold(into: 0) { (sum: inout Int, batch: [Int]) in for number in batch { sum &+= number } }
                    Sum(watch, total)
                },
            ],
            n
        )
        try self.check(total.value, Self.sum(n, plus: 3))
        return try watch.lap(self.workload)
    }

    private static func allPlusOne(_ name: String, to next: String) -> Segment {
        Segment(name, capacity: Self.capacity) {
            Map { (batch: consuming [Int]) in
                for place in batch.indices { batch[place] &+= 1 }
                return batch
            }
            Send<[Int]>(to: next)
        }
    }

    /// Runs a pipeline to its end.
    func run(_ segments: [Segment], _ n: Int) async throws {
        let result = await PipelineManager(segments).run(n)
        guard result.outcome == .completed else {
            throw CommandFailure(.failure, "\(self.workload.rawValue): \(result)")
        }
    }
}
