import Dispatch
import Foundation
import PenstockFlow
import Synchronization
import Testing

/// What many tasks count together.
private final class Count: Sendable {
    private let number = Atomic(0)

    var value: Int { self.number.load(ordering: .relaxed) }

    func add() {
        self.number.add(1, ordering: .relaxed)
    }
}

@Suite("An executor for tasks that send to one another", .timeLimit(.minutes(60)))
struct FlowExecutorTests {
    @Test(arguments: [1, 2, 3], [1, 2, 64])
    func `tasks in a row pass everything on, in order`(threads: Int, capacity: Int) async throws {
        let executor = FlowExecutor(threads: threads)
        let links = (0..<5).map { _ in Link<Int>(capacity: capacity) }
        let count = 3000
        try await withTaskExecutorPreference(executor) {
            try await withThrowingTaskGroup { group in
                group.addTask { try await Self.count(count, into: links[0]) }
                for place in 1..<links.count {
                    group.addTask { try await Self.pass(from: links[place - 1], to: links[place]) }
                }
                group.addTask { try await Self.check(links[4], count) }
                try await group.waitForAll()
            }
        }
    }

    private static func count(_ count: Int, into link: Link<Int>) async throws {
        var writer = link.writer()
        for number in 0..<count { try await writer.send(number) }
        writer.finish()
    }

    private static func pass(from source: Link<Int>, to target: Link<Int>) async throws {
        var reader = source.reader()
        var writer = target.writer()
        while let number = try await reader.next() { try await writer.send(number + 1) }
        writer.finish()
    }

    private static func check(_ link: Link<Int>, _ count: Int) async throws {
        var reader = link.reader()
        var next = 0
        while let number = try await reader.next() {
            #expect(number == next + 4)
            next += 1
        }
        #expect(next == count)
    }

    @Test func `tasks that only wait for one another do not keep a thread from those that work`() async throws {
        let executor = FlowExecutor(threads: 1)
        let link = Link<Int>(capacity: 1)
        let worked = Count()
        try await withTaskExecutorPreference(executor) {
            try await withThrowingTaskGroup { group in
                group.addTask { try await Self.check(link, 0) }
                for _ in 0..<100 {
                    group.addTask {
                        await Task.yield()
                        worked.add()
                    }
                }
                group.addTask {
                    // The end comes when all others have had their turn.
                    while worked.value < 100 { await Task.yield() }
                    link.writer().finish()
                }
                try await group.waitForAll()
            }
        }
        #expect(worked.value == 100)
    }

    @Test func `a task behind one that blocks its thread is run by another thread`() async {
        let executor = FlowExecutor(threads: 2)
        for _ in 0..<50 {
            let passed = DispatchSemaphore(value: 0)
            let blocking = Task(executorPreference: executor) {
                // It stays behind in the queue of this thread, which does not come back before it has run.
                let other = Task(executorPreference: executor) { _ = passed.signal() }
                Self.block(on: passed)
                await other.value
            }
            await blocking.value
        }
    }

    private static func block(on semaphore: DispatchSemaphore) {
        semaphore.wait()
    }

    @Test func `threads that are none of its own bring tasks back`() async throws {
        let executor = FlowExecutor(threads: 2)
        let there = Link<Int>(capacity: 1)
        let back = Link<Int>(capacity: 1)
        let count = 2000
        let thread = Thread {
            do {
                var writer = there.writer()
                var reader = back.reader()
                for number in 0..<count {
                    try writer.write(number)
                    let answer = try reader.read()
                    if answer != number + 1 { Issue.record("\(number): \(answer ?? -1)") }
                }
                writer.finish()
            } catch {
                Issue.record("\(error)")
            }
        }
        thread.start()
        try await Task(executorPreference: executor) { try await Self.pass(from: there, to: back) }.value
    }

    @Test func `a thread whose tasks all wait takes no processor time`() async throws {
        let executor = FlowExecutor(threads: 1)
        let link = Link<Int>(capacity: 1)
        let waiting = Task(executorPreference: executor) {
            var reader = link.reader()
            let before = LinkTests.processorTime()
            _ = try await reader.next()
            return LinkTests.processorTime() - before
        }
        // As long as it takes this thread to use a good deal of processor time.
        let start = LinkTests.processorTime()
        var sum = 0
        while LinkTests.processorTime() - start < .milliseconds(200) { sum &+= 1 }
        var writer = link.writer()
        try writer.write(sum)
        let used = try await waiting.value
        #expect(used < .milliseconds(20))
        writer.finish()
    }

    @Test func `executors come and go`() async {
        let sum = Count()
        for number in 0..<200 {
            let executor = FlowExecutor(threads: 1 + number % 3)
            await withTaskGroup { group in
                for _ in 0..<5 {
                    group.addTask(executorPreference: executor) { sum.add() }
                }
            }
        }
        #expect(sum.value == 1000)
    }

    @Test func `many tasks that start many tasks all end`() async {
        let executor = FlowExecutor(threads: 3)
        let sum = await withTaskExecutorPreference(executor) { await Self.tree(12) }
        #expect(sum == 1 << 12)
    }

    private static func tree(_ depth: Int) async -> Int {
        guard depth > 0 else { return 1 }
        async let left = self.tree(depth - 1)
        async let right = self.tree(depth - 1)
        return await left + right
    }
}
