import PenstockFlow
import Testing

/// What the engines before this one were tried with and failed, row by row.
@Suite("What other engines get wrong", .timeLimit(.minutes(60)))
struct ProbeTests {
    /// Collects items and puts them as lists of so many; 0 is one list of all.
    private struct Batch: Action {
        let size: Int
        var items: [Int] = []

        init(_ size: Int) { self.size = size }

        mutating func onInput(_ input: Int, _ put: ([Int]) throws -> Void) throws {
            self.items.append(input)
            if self.items.count == self.size { try self.flush(put) }
        }

        mutating func onFinish(_ put: ([Int]) throws -> Void) throws {
            if !self.items.isEmpty { try self.flush(put) }
        }

        private mutating func flush(_ put: ([Int]) throws -> Void) throws {
            try put(self.items)
            self.items = []
        }
    }

    /// Two items come by a quick link and three by a slow one, and meet in the segment that is given.
    private func fanIn(_ sink: Segment) -> PipelineManager {
        PipelineManager([
            counting(to: "quick", "slow"),
            Segment("quick") {
                Filter { (item: Int) in item < 2 }
                Send<Int>(to: "sink")
            },
            Segment("slow") {
                Fold(into: []) { (items: inout [Int], item: Int) in if item >= 2 { items.append(item) } }
                FlatMap { (items: [Int], put: (Int) throws -> Void) in for item in items { try put(item) } }
                Send<Int>(to: "sink")
            },
            sink,
        ])
    }

    @Test func `fanin: all five items come, and it finishes once`() async {
        let (items, ends) = (Collected<Int>(), Collected<Int>())
        let pipeline = self.fanIn(
            Segment("sink") {
                Probe(onEnd: { ends.add(1) })
                ForEach { (item: Int) in items.add(item) }
            }
        )
        #expect(await pipeline.run(5).outcome == .completed)
        #expect(items.all.sorted() == [0, 1, 2, 3, 4])
        #expect(ends.all == [1])
    }

    @Test func `fanin2: what is queued to the end comes as one list of five`() async {
        let lists = Collected<[Int]>()
        let pipeline = self.fanIn(
            Segment("sink") {
                Batch(0)
                ForEach { (list: [Int]) in lists.add(list) }
            }
        )
        #expect(await pipeline.run(5).outcome == .completed)
        #expect(lists.all.map { $0.sorted() } == [[0, 1, 2, 3, 4]])
    }

    @Test(arguments: [40, 30])
    func `conc, lossconc: four workers lose nothing, and there is one total`(count: Int) async throws {
        let graph = try Graph("conc") { (graph, numbers: Wire<Int>) in
            let worked = graph.add(
                Processor("work", workers: 4, isOrdered: false) { (number: Int) in
                    for _ in 0..<number { await Task.yield() }
                    return number
                },
                numbers
            )
            return graph.add(Gather("count", into: 0) { (count: inout Int, _: Int) in count += 1 }, worked)
        }
        var totals: [Int] = []
        for try await total in graph.run(0..<count) { totals.append(total) }
        #expect(totals == [count])
    }

    @Test func `none: an item may be nothing`() async {
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

    @Test func `onfinish: too few items are a failure`() async {
        let items = Collected<Int>()
        let pipeline = PipelineManager([
            counting(to: "sink"),
            Segment("sink") {
                Probe(
                    onItem: { items.add($0) },
                    onEnd: { if items.all.count < 5 { throw Broken(description: "\(items.all.count) of 5 items") } }
                )
                ForEach { (_: Int) in }
            },
        ])
        let result = await pipeline.run(3)
        #expect(result.outcome == .failed("segment 'sink', action 'Probe': 3 of 5 items"), "\(result)")
    }

    @Test func `noseg: an unknown segment fails, and those that are known are listed`() async {
        let pipeline = PipelineManager([counting(to: "nobody"), Segment("sink") { ForEach { (_: Int) in } }])
        let text = "\(await pipeline.run(3))"
        #expect(text.contains("'nobody', which is not there; on offer are: 'start' takes Int, 'sink' takes Int"))
    }

    @Test func `failmid: a branch that fails is a failure, and the other branch completes`() async {
        let items = Collected<Int>()
        let pipeline = PipelineManager(
            [
                counting(to: "fails", "works"),
                Segment("fails") {
                    Probe(onItem: { if $0 == 3 { throw Broken(description: "division by zero") } })
                    Send<Int>(to: "after")
                },
                Segment("after") { ForEach { (_: Int) in } },
                Segment("works") { ForEach { (item: Int) in items.add(item) } },
            ],
            onFailure: .finish
        )
        // More than the links hold: whoever sends to the branch that has failed has to go on.
        let result = await pipeline.run(5000)
        #expect(result.outcome == .failed("segment 'fails', action 'Probe': division by zero"), "\(result)")
        #expect(items.all == Array(0..<5000))
        #expect(result.segments.map(\.segment) == ["start", "fails", "after", "works"])
        #expect(result.segments[0].outcome == .completed)
        #expect(result.segments[2].outcome == .aborted("segment 'fails' has stopped before its end"))
        #expect(result.segments[3].outcome == .completed)
    }

    @Test func `vac: a check that nothing has reached says so`() async {
        let pipeline = PipelineManager([
            counting(to: "filter"),
            Segment("filter") {
                Filter { (_: Int) in false }
                Send<Int>(to: "check")
            },
            Segment("check") {
                Probe(onItem: { _ in throw Broken(description: "never") })
                ForEach { (_: Int) in }
            },
        ])
        let result = await pipeline.run(3)
        #expect("\(result)".contains("    check: completed, 0 items"), "\(result)")
    }

    @Test func `cfgalias: what is kept of an item stays what it was`() async {
        struct Insert: Action {
            var record: [String: Int] = [:]

            mutating func onInput(_ input: Int, _ put: ([String: Int]) throws -> Void) throws {
                self.record["n"] = input
                try put(self.record)
            }
        }
        let lists = Collected<[[String: Int]]>()
        let pipeline = PipelineManager([
            counting(to: "sink"),
            Segment("sink") {
                Insert()
                Fold(into: []) { (list: inout [[String: Int]], record: [String: Int]) in list.append(record) }
                ForEach { (list: [[String: Int]]) in lists.add(list) }
            },
        ])
        #expect(await pipeline.run(3).outcome == .completed)
        #expect(lists.all == [[["n": 0], ["n": 1], ["n": 2]]])
    }

    @Test func `alias: what one branch does to an item the other does not see`() async {
        let lists = Collected<[[Int]]>()
        func branch(_ name: String, _ number: Int) -> Segment {
            Segment(name) {
                Map { (list: consuming [[Int]]) in
                    list[0].append(number)
                    return list
                }
                ForEach { (list: [[Int]]) in lists.add(list) }
            }
        }
        let pipeline = PipelineManager([
            Segment("start") {
                FlatMap { (count: Int, put: ([[Int]]) throws -> Void) in for _ in 0..<count { try put([[0]]) } }
                Send<[[Int]]>(to: "one", "two")
            },
            branch("one", 1), branch("two", 2),
        ])
        #expect(await pipeline.run(1000).outcome == .completed)
        #expect(lists.all.count { $0 == [[0, 1]] } == 1000)
        #expect(lists.all.count { $0 == [[0, 2]] } == 1000)
    }

    @Test func `cycle, cycle2: segments that send to one another are refused before anything flows`() async {
        let others = [Segment("a") { Fanned(["b"]) }, Segment("b") { Fanned(["a"]) }]
        let pipeline = PipelineManager([counting(to: "a")] + others)
        #expect("\(await pipeline.run(3))".contains("in a circle"))
        #expect(!pipeline.trace.entries.contains { $0.step == "run" })
    }

    @Test func `deep: four hundred actions, and as many processors`() async throws {
        let items = Collected<Int>()
        let library = ActionLibrary(
            "test",
            RegisteredAction("next") { Map { (number: Int) in number + 1 } },
            RegisteredAction("collect") { ForEach { (number: Int) in items.add(number) } }
        )
        let uses = Array(repeating: ActionUse("test.next"), count: 400) + [ActionUse("test.collect")]
        let result = await PipelineManager([Segment("start", uses: uses)], actions: [library]).run(1)
        #expect(result.outcome == .completed, "\(result)")
        #expect(items.all == [401])
        let graph = try Graph("deep") { (graph, numbers: Wire<Int>) in
            (0..<400).reduce(numbers) { wire, place in graph.add(Processor("\(place)") { $0 + 1 }, wire) }
        }
        var sums: [Int] = []
        for try await sum in graph.run([1, 2]) { sums.append(sum) }
        #expect(sums == [401, 402])
    }

    @Test func `falsy: 0, false and nothing at all are values`() async {
        let texts = Collected<String>()
        let pipeline = PipelineManager([
            Segment("start") {
                FlatMap { (_: Int, put: (any Sendable) throws -> Void) in
                    for item: any Sendable in [0, false, "", [Int]()] { try put(item) }
                }
                Send<any Sendable>(to: "sink")
            },
            Segment("sink") { ForEach { (item: any Sendable) in texts.add("\(item)") } },
        ])
        #expect(await pipeline.run(0).outcome == .completed)
        #expect(texts.all == ["0", "false", "", "[]"])
    }

    @Test func `BX: a join pairs what belongs together, after a failure too, and a queue of two holds two`()
        async throws
    {
        let failing = 7
        let graph = try Graph("jitter") { (graph, numbers: Wire<Int>) in
            func branch(_ name: String, fails: Bool) -> Wire<Int> {
                graph.add(
                    Processor(name, maximumSize: 2, workers: 4, isOrdered: false, errorPolicy: .drop) { (number: Int) in
                        for _ in 0..<(number * 31 % 17) { await Task.yield() }
                        if fails, number == failing { throw Broken(description: "\(number)") }
                        return number
                    },
                    numbers
                )
            }
            return graph.join("both", branch("a", fails: true), branch("b", fails: false), maximumSize: 2)
        }
        let run = graph.run(0..<1000)
        var pairs: [Joined<Int, Int>] = []
        for try await pair in run {
            pairs.append(pair)
            for node in run.progress where node.node != "input" { #expect(node.depth <= node.capacity) }
        }
        #expect(pairs.allSatisfy { $0.first == $0.second })
        #expect(pairs.map(\.first).sorted() == (0..<1000).filter { $0 != failing })
        #expect(run.progress.filter { ["a", "b"].contains($0.node) }.map(\.capacity) == [2, 2])
    }
}
