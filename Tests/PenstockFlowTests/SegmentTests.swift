import Dispatch
import PenstockFlow
import Synchronization
import Testing

@Suite("Segments on threads", .timeLimit(.minutes(60)))
struct SegmentTests {
    @Test func `all links into a segment are served to their ends, and it finishes once`() async {
        let items = Collected<Int>()
        // The quick link ends long before the slow one.
        let gate = DispatchSemaphore(value: 0)
        let pipeline = PipelineManager([
            counting(to: "quick", "slow"),
            Segment("quick") {
                Filter { (item: Int) in item < 2 }
                Probe(onEnd: { gate.signal() })
                Send<Int>(to: "sink")
            },
            Segment("slow") {
                Probe(onItem: { if $0 == 0 { gate.wait() } })
                Filter { (item: Int) in item >= 2 }
                Send<Int>(to: "sink")
            },
            Segment("sink") {
                ForEach { (item: Int) in items.add(item) }
            },
        ])
        let result = await pipeline.run(5)
        #expect(result.outcome == .completed, "\(result)")
        #expect(items.all.sorted() == [0, 1, 2, 3, 4])
    }

    @Test func `a gathering action puts one sum, after the last of all links`() async {
        let sums = Collected<Int>()
        let pipeline = PipelineManager([
            counting(to: "a", "b"),
            Segment("a") { Send<Int>(to: "sum") },
            Segment("b") { Send<Int>(to: "sum") },
            Segment("sum") {
                Fold(into: 0) { (sum: inout Int, item: Int) in sum += item }
                ForEach { sums.add($0) }
            },
        ])
        let result = await pipeline.run(1000)
        #expect(result.outcome == .completed, "\(result)")
        #expect(sums.all == [999_000])
        #expect(result.segments.map(\.items) == [1, 1000, 1000, 2000])
    }

    @Test func `an item that fails fails its segment and the pipeline, and everybody ends`() async {
        let pipeline = PipelineManager([
            Segment("start") {
                // It would never end by itself.
                FlatMap { (item: Int, put: (Int) throws -> Void) in while true { try put(item) } }
                Send<Int>(to: "middle")
            },
            Segment("middle") {
                Probe(onItem: { _ in throw Broken(description: "division by zero") })
                Send<Int>(to: "sink")
            },
            Segment("sink") { ForEach { (_: Int) in } },
        ])
        let result = await pipeline.run(5)
        #expect(result.outcome == .failed("segment 'middle', action 'Probe': division by zero"), "\(result)")
        // Whichever they hear of first: that the link has broken, or that everybody is interrupted.
        for place in [0, 2] {
            guard case .aborted(let reason) = result.segments[place].outcome else {
                Issue.record("\(result)")
                continue
            }
            #expect(reason.hasPrefix("segment 'middle' has "), "\(result)")
        }
    }

    @Test func `a failure at the end of a segment is a failure`() async {
        let pipeline = PipelineManager([
            Segment("start") {
                Probe(onEnd: { throw Broken(description: "too few items") })
                ForEach { (_: Int) in }
            }
        ])
        let result = await pipeline.run(5)
        #expect(result.outcome == .failed("segment 'start', action 'Probe': too few items"), "\(result)")
    }

    @Test func `a task that is cancelled aborts the pipeline`() async {
        let begun = DispatchSemaphore(value: 0)
        let pipeline = PipelineManager([
            Segment("start") {
                FlatMap { (item: Int, put: (Int) throws -> Void) in
                    begun.signal()
                    while true { try put(item) }
                }
                Send<Int>(to: "sink")
            },
            Segment("sink") { ForEach { (_: Int) in } },
        ])
        let running = Task { await pipeline.run(1) }
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            DispatchQueue.global().async {
                begun.wait()
                done.resume()
            }
        }
        running.cancel()
        let result = await running.value
        #expect(result.outcome == .aborted("the task that ran it was cancelled"), "\(result)")
    }

    @Test func `a segment that does not come back is named and left behind`() async {
        let never = DispatchSemaphore(value: 0)
        let pipeline = PipelineManager(
            [
                counting(to: "stuck", "fails"),
                Segment("stuck") { ForEach { (_: Int) in never.wait() } },
                Segment("fails") { ForEach { (_: Int) in throw Broken(description: "no") } },
            ],
            grace: .milliseconds(50)
        )
        let result = await pipeline.run(1)
        #expect(result.outcome == .failed("segment 'fails', action 'ForEach': no"), "\(result)")
        #expect("\(result.segments[1])".contains("its thread is left behind"), "\(result)")
        never.signal()
    }

    @Test func `to send before all segments have started is refused`() async {
        struct Early: Action {
            var send = Send<Int>(to: "sink")

            mutating func onStart(_ context: ActionContext) throws {
                self.send.onStart(context)
                try self.send.onInput(1) { _ in }
            }

            func onInput(_ input: Int, _ put: (Never) throws -> Void) throws {}
        }
        let pipeline = PipelineManager([
            Segment("start") { Early() },
            Segment("sink") { ForEach { (_: Int) in } },
        ])
        let result = await pipeline.run(0)
        guard case .failed(let reason) = result.outcome else {
            Issue.record("\(result)")
            return
        }
        #expect(reason.contains("before all segments have started"), "\(reason)")
    }

    @Test func `items may be nil`() async {
        let items = Collected<Int?>()
        let pipeline = PipelineManager([
            Segment("start") {
                FlatMap { (_: Int, put: (Int?) throws -> Void) in for item in [1, nil, 3] { try put(item) } }
                Send<Int?>(to: "sink")
            },
            Segment("sink") { ForEach { (item: Int?) in items.add(item) } },
        ])
        #expect(await pipeline.run(0).outcome == .completed)
        #expect(items.all == [1, nil, 3])
    }
}
