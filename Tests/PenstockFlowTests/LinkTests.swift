import Foundation
import PenstockFlow
import Synchronization
import Testing

@Suite("A link", .timeLimit(.minutes(60)))
struct LinkTests {
    @Test func `holds as many items as its capacity says, and no more`() throws {
        for capacity in [1, 2, 3, 5, 64, 100] {
            let link = Link<Int>(capacity: capacity)
            var writer = link.writer()
            var reader = link.reader()
            let fits = (0...capacity).map { writer.writeIfRoom($0) }
            #expect(fits == (0...capacity).map { $0 < capacity })
            #expect(link.count == capacity)
            var found = [try reader.read()]
            for _ in 1..<capacity { found.append(try reader.read()) }
            #expect(found == (0..<capacity).map { $0 })
            let fitsAgain = writer.writeIfRoom(capacity)
            #expect(fitsAgain)
            let last = try reader.read()
            #expect(last == capacity)
        }
    }

    @Test func `its items may be nil, zero and nothing, and none of them ends it`() throws {
        let link = Link<Int?>(capacity: 8)
        var writer = link.writer()
        var reader = link.reader()
        let items: [Int?] = [nil, 0, nil, 1]
        for item in items { try writer.write(item) }
        writer.finish()
        var found: [Int?] = []
        while let item = try reader.read() { found.append(item) }
        let ending = reader.ending()
        #expect(found == items)
        #expect(ending == .finished)
    }

    @Test func `its end comes after its last item`() throws {
        let link = Link<Int>(capacity: 4)
        var writer = link.writer()
        var reader = link.reader()
        try writer.write(1)
        var endings = [reader.ending()]
        writer.finish()
        endings.append(reader.ending())
        var items = [try reader.read()]
        endings.append(reader.ending())
        items.append(try reader.read())
        #expect(endings == [.none, .none, .finished])
        #expect(items == [1, nil])
    }

    @Test func `a producer that goes without a word has broken it`() throws {
        let link = Link<Int>(capacity: 4)
        var reader = link.reader()
        do {
            var writer = link.writer()
            try writer.write(1)
        }
        let item = try reader.read()
        #expect(item == 1)
        do {
            _ = try reader.read()
            Issue.record("the stream was cut off, and nobody was told")
        } catch {
            #expect(error == .broken)
        }
    }

    @Test func `a consumer that goes sets its producer free`() throws {
        let link = Link<Int>(capacity: 1)
        var writer = link.writer()
        try writer.write(1)
        let consumer = Thread {
            let reader = link.reader()
            _ = consume reader
        }
        consumer.start()
        do {
            try writer.write(2)
            Issue.record("there was room where nobody takes anything out")
        } catch {
            #expect(error == .abandoned)
        }
    }

    @Test func `what nobody took out is let go of with it`() throws {
        let count = Mutex(0)
        final class Counted: Sendable {
            let onEnd: @Sendable () -> Void
            init(_ onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }
            deinit { self.onEnd() }
        }
        do {
            let link = Link<Counted>(capacity: 3)
            var writer = link.writer()
            var reader = link.reader()
            for _ in 0..<2 { try writer.write(Counted { count.withLock { $0 += 1 } }) }
            _ = try reader.read()
            #expect(count.withLock { $0 } == 1)
            for _ in 0..<2 { try writer.write(Counted { count.withLock { $0 += 1 } }) }
            _ = reader.ready()
        }
        #expect(count.withLock { $0 } == 4)
    }

    @Test(arguments: [1, 2, 7, 64])
    func `two threads see every item once and in order`(capacity: Int) async throws {
        let (link, count) = (Link<Int>(capacity: capacity), 200_000 / (capacity == 1 ? 10 : 1))
        let most = Atomic(0)
        let sum = await withCheckedContinuation { (done: CheckedContinuation<Int, Never>) in
            Thread.detachNewThread {
                var writer = link.writer()
                for item in 0..<count {
                    do throws(LinkError) {
                        try writer.write(item)
                    } catch {
                        Issue.record("item \(item): \(error)")
                    }
                    most.max(link.count, ordering: .relaxed)
                }
                writer.finish()
            }
            Thread.detachNewThread { done.resume(returning: Self.readAll(of: link)) }
        }
        #expect(sum == count)
        #expect(most.load(ordering: .relaxed) <= capacity)
    }

    /// Reads to the end.
    /// - Returns: how many items came in the order in which they were written.
    private static func readAll(of link: Link<Int>) -> Int {
        var reader = link.reader()
        var next = 0
        do throws(LinkError) {
            while let item = try reader.read() {
                if item == next { next += 1 }
            }
        } catch {
            Issue.record("after \(next) items: \(error)")
        }
        return next
    }

    @Test func `its end never overtakes its last item`() async {
        let links = (0..<60_000).map { _ in Link<Int>(capacity: 1) }
        Thread.detachNewThread {
            for (item, link) in links.enumerated() {
                var writer = link.writer()
                let fits = writer.writeIfRoom(item)
                #expect(fits)
                writer.finish()
            }
        }
        let items = await withCheckedContinuation { (done: CheckedContinuation<[Int?], Never>) in
            Thread.detachNewThread {
                done.resume(
                    returning: links.map { link in
                        var reader = link.reader()
                        // As whoever has several links looks at them: without waiting at any of them.
                        while reader.ending() == .none {
                            if reader.ready() > 0 { return reader.take() }
                        }
                        return nil
                    }
                )
            }
        }
        #expect(items == (0..<60_000).map { $0 })
    }

    @Test(arguments: [1, 2, 64])
    func `two tasks see every item once and in order`(capacity: Int) async throws {
        let (link, count) = (Link<Int>(capacity: capacity), 20_000)
        let writing = Task {
            var writer = link.writer()
            for item in 0..<count { try await writer.send(item) }
            writer.finish()
        }
        let reading = Task {
            var reader = link.reader()
            var next = 0
            while let item = try await reader.next() {
                if item == next { next += 1 }
            }
            return next
        }
        try await writing.value
        #expect(try await reading.value == count)
    }

    @Test func `a thread that waits takes no processor time`() throws {
        let link = Link<Int>(capacity: 1)
        let (begun, ended) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let used = Mutex(Duration.zero)
        Thread.detachNewThread {
            var reader = link.reader()
            begun.signal()
            let before = Self.processorTime()
            _ = try? reader.read()
            used.withLock { $0 = Self.processorTime() - before }
            ended.signal()
        }
        begun.wait()
        // As long as it takes this thread to use a good deal of processor time.
        let start = Self.processorTime()
        var sum = 0
        while Self.processorTime() - start < .milliseconds(200) { sum &+= 1 }
        var writer = link.writer()
        try writer.write(sum)
        ended.wait()
        #expect(used.withLock { $0 } < .milliseconds(20))
        writer.finish()
    }

    /// What the calling thread has used.
    static func processorTime() -> Duration {
        var time = timespec()
        unsafe _ = clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
