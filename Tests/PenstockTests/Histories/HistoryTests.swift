import Penstock
import Synchronization
import Testing

@testable import PenstockTesting

@Suite("A history")
struct HistoryTests {
    /// What one short trial has recorded.
    private static func recorded(_ recorder: HistoryRecorder) throws {
        let simulation = Simulation(seed: 3)
        try simulation.run {
            let store = await MemoryStore(environment: simulation.environment)
            var trial = HistoryTrial(seed: 3)
            trial.calls = 50
            try await trial.run(over: store, into: recorder)
        }
    }

    @Test func `is the same when it was written and read again`() throws {
        let recorder = HistoryRecorder()
        try Self.recorded(recorder)
        let history = recorder.history
        let again = try History(texts: [history.text])
        #expect(history.count > 150)
        #expect(again.text == history.text)
        #expect(HistoryCheck(again).run().description == HistoryCheck(history).run().description)
    }

    @Test func `is handed on line by line, and is the same when the lines are joined`() throws {
        let kept = HistoryRecorder()
        try Self.recorded(kept)
        let lines = Mutex<[String]>([])
        let clock = HistoryClock.counter()
        let handing = HistoryRecorder(process: 0, clock: clock) { line in lines.withLock { $0.append(line) } }
        try Self.recorded(handing)
        let (even, odd) = lines.withLock { lines in
            let halves = [0, 1].map { half in
                lines.indices.filter { $0 % 2 == half }.map { lines[$0] + "\n" }.joined()
            }
            return (halves[0], halves[1])
        }
        #expect(handing.history.count == 0)
        let joined = try History(texts: [even, odd])
        #expect(HistoryCheck(joined).run().description == HistoryCheck(kept.history).run().description)
    }

    @Test func `may end in the middle of a line, and have no other that cannot be read`() throws {
        let recorder = HistoryRecorder()
        try Self.recorded(recorder)
        let text = recorder.history.text
        let torn = try History(texts: [String(text.dropLast(5))])
        #expect(torn.count == recorder.history.count)
        #expect(torn.events.filter(\.isUnknown).count == recorder.history.events.filter(\.isUnknown).count + 1)
        let error = #expect(throws: HistoryUnreadable.self) { try History(texts: ["", "{\n" + text]) }
        #expect(error?.text == 1)
        #expect(error?.line == 1)
        #expect(throws: HistoryUnreadable.self) { try History(texts: [text + "{\n"]) }
    }

    @Test func `orders calls by a clock that all threads share`() async {
        for clock in [HistoryClock.counter(), .uptime] {
            var last = clock.now
            for _ in 0..<100 {
                let next = await Task { clock.now }.value
                #expect(next >= last)
                last = next
            }
        }
    }

    @Test func `of an engine's store has what concerns single items, and leaves out its runs`() throws {
        let simulation = Simulation(seed: 1)
        let recorder = HistoryRecorder()
        let double = Activity("double") { (x: Int) in 2 * x }
        let quad = Workflow("quad") { (x: Int, context) in
            let x2 = try await context.call(double, x)
            return try await context.call(double, x2)
        }
        let values = try simulation.run {
            let store = await MemoryStore(environment: simulation.environment)
            let recorded = RecordingStore(over: store, client: 1, into: recorder)
            let engine = try await Engine(store: .open(recorded), pipelines: [double, quad])
            return try await engine.run {
                var values: [Int] = []
                for x in 1...5 {
                    values.append(try await engine.start(quad, x).value)
                    values.append(try await engine.start(double, x).value)
                }
                return values
            }
        }
        #expect(values == [4, 2, 8, 4, 12, 6, 16, 8, 20, 10])
        let report = HistoryCheck(recorder.history).run()
        #expect(report.isSound, "\(report)")
        #expect(report.items == 5)
    }
}
