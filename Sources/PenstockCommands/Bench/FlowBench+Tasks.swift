import PenstockFlow

/// Tasks over the same links.
extension FlowBench {
    /// Runs tasks on the executor that was made for them, and not on the one that all tasks share.
    func onFlowExecutor(_ n: Int, _ body: (Int) async throws -> Lap) async throws -> Lap {
        try await withTaskExecutorPreference(FlowExecutor.shared) { try await body(n) }
    }

    /// W3-pipe of five tasks.
    func pipeOfTasks(_ n: Int) async throws -> Lap {
        let watch = Stopwatch()
        let links = (0..<4).map { _ in Link<Int>(capacity: Self.capacity) }
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask { try await Self.count(n, into: links[0], watch) }
            for place in 0..<3 { group.addTask { try await Self.plusOne(links[place], links[place + 1]) } }
            group.addTask { try await Self.sum(of: links[3], watch) }
            return try await group.reduce(0, +)
        }
        try self.check(sum, Self.sum(n, plus: 3))
        return try watch.lap(self.workload)
    }

    /// W3-fanin of five tasks: each producer has a link, and the consumer takes from whichever has something.
    func fanInOfTasks(_ n: Int) async throws -> Lap {
        let (watch, shares, bell) = (Stopwatch(), Self.shares(of: n), Bell())
        let links = shares.map { _ in Link<Int>(capacity: Self.capacity, consumer: bell) }
        watch.start()
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for (link, share) in zip(links, shares) {
                group.addTask { try await Self.count(share, into: link, nil) }
            }
            group.addTask { try await Self.sum(of: links, at: bell, watch) }
            return try await group.reduce(0, +)
        }
        try self.check(sum, shares.reduce(0) { $0 + Self.sum($1) })
        return try watch.lap(self.workload)
    }

    /// W3-ping between two tasks.
    func pingOfTasks(_ n: Int) async throws -> Lap {
        let watch = Stopwatch()
        let (there, back) = (Link<Int>(capacity: 1), Link<Int>(capacity: 1))
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask { try await Self.ping(n, there, back, watch) }
            group.addTask { try await Self.plusOne(there, back) }
            return try await group.reduce(0, +)
        }
        try self.check(sum, Self.sum(n, plus: 1))
        return try watch.lap(self.workload)
    }

    private static func count(_ n: Int, into link: Link<Int>, _ watch: Stopwatch?) async throws -> Int {
        var writer = link.writer()
        watch?.start()
        for number in 0..<n { try await writer.send(number) }
        writer.finish()
        return 0
    }

    private static func plusOne(_ source: Link<Int>, _ target: Link<Int>) async throws -> Int {
        var reader = source.reader()
        var writer = target.writer()
        while let number = try await reader.next() { try await writer.send(number &+ 1) }
        writer.finish()
        return 0
    }

    private static func sum(of link: Link<Int>, _ watch: Stopwatch) async throws -> Int {
        var reader = link.reader()
        var sum = 0
        while let number = try await reader.next() { sum &+= number }
        watch.stop()
        return sum
    }

    private static func sum(of links: [Link<Int>], at bell: Bell, _ watch: Stopwatch) async throws -> Int {
        var merge = LinkMerge(links, at: bell)
        var sum = 0
        while let number = try await merge.next() { sum &+= number }
        watch.stop()
        return sum
    }

    private static func ping(
        _ n: Int,
        _ there: Link<Int>,
        _ back: Link<Int>,
        _ watch: Stopwatch
    ) async throws -> Int {
        var writer = there.writer()
        var reader = back.reader()
        var sum = 0
        watch.start()
        for number in 0..<n {
            try await writer.send(number)
            sum &+= try await reader.next() ?? 0
        }
        watch.stop()
        writer.finish()
        return sum
    }
}
