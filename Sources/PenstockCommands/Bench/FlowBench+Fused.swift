import CLinux
import PenstockFlow

/// Five steps without a link between them.
extension FlowBench {
    /// W3-fused: the steps as actions of one segment.
    func fused(_ n: Int) async throws -> Lap {
        let (watch, total) = (Stopwatch(), Total())
        let segment = Segment("start") {
            OpaqueCount(watch: watch)
            OpaqueIncrement()
            OpaqueIncrement()
            OpaqueIncrement()
            Sum(watch, total)
        }
        try await self.run([segment], n)
        try self.check(total.value, Self.sum(n, plus: 3))
        return try watch.lap(self.workload)
    }

    /// The same with functions that are made when the program runs, as `Map` takes them.
    func fusedClosures(_ n: Int) async throws -> Lap {
        let (watch, total) = (Stopwatch(), Total())
        let segment = Segment("start") {
            OpaqueCount(watch: watch)
            Map { (number: Int) in clinux_opaque(number &+ 1) }
            Map { (number: Int) in clinux_opaque(number &+ 1) }
            Map { (number: Int) in clinux_opaque(number &+ 1) }
            Sum(watch, total)
        }
        try await self.run([segment], n)
        try self.check(total.value, Self.sum(n, plus: 3))
        return try watch.lap(self.workload)
    }

    /// The floor: the same steps in a loop, without any engine.
    func loop(_ n: Int) async throws -> Lap {
        let watch = Stopwatch()
        let sum = try await BenchThread.run("loop") {
            var sum = 0
            watch.start()
            for item in 0..<n {
                var number = clinux_opaque(item)
                number = clinux_opaque(number &+ 1)
                number = clinux_opaque(number &+ 1)
                number = clinux_opaque(number &+ 1)
                sum &+= number
            }
            watch.stop()
            return sum
        }
        try self.check(sum, Self.sum(n, plus: 3))
        return try watch.lap(self.workload)
    }
}
