import Foundation
import PenstockFlow
import Testing

@Suite("Random graphs", .timeLimit(.minutes(60)))
struct RandomGraphTests {
    private static let isLong = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] != nil

    @Test func `what comes out is what arithmetic says, or the run says what has failed`() async throws {
        // Half of the seeds are the same every time, the others are new.
        let count: UInt64 = Self.isLong ? 50_000 : 5000
        let fresh = UInt64.random(in: 1 << 32...1 << 62)
        print("first of the new seeds: \(fresh)")
        var seen: [String: Int] = [:]
        for seed in Array(0..<count) + Array(fresh..<fresh + count) {
            let (result, problem) = await Self.live(RandomGraph(seed: seed))
            if let problem { Issue.record("seed \(seed): \(problem)") }
            seen[result, default: 0] += 1
        }
        print("figure: random graphs: \(seen.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" })")
        for result in ["completed", "failed", "left"] { #expect(seen[result, default: 0] > 0, "none has \(result)") }
    }

    /// Runs it, and compares.
    private static func live(_ random: RandomGraph) async -> (result: String, problem: String?) {
        let expected = random.expectation
        var items: [RandomGraph.Marked] = []
        do {
            let run = try random.graph().run(0..<random.count)
            do {
                for try await item in run {
                    items.append(item)
                    if items.count == random.patience { break }
                }
            } catch let failure as GraphFailure {
                guard case .failed(let first) = failure.result.outcome, expected.failing.contains(first.node) else {
                    return ("failed", "\(failure)")
                }
                return ("failed", nil)
            }
            let result = await run.result
            switch result.outcome {
            // What was left may have come to its end before.
            case .completed where items.count == random.patience: return ("left", nil)
            case .cancelled where items.count == random.patience: return ("left", nil)
            case .completed: return ("completed", Self.difference(items, expected))
            case .failed(let failure) where items.count == random.patience && expected.failing.contains(failure.node):
                return ("failed", nil)
            default: return ("ended", "\(result)")
            }
        } catch {
            return ("refused", "\(error)")
        }
    }

    static func difference(_ items: [RandomGraph.Marked], _ expected: RandomGraph.Expectation) -> String? {
        if !expected.failing.isEmpty { return "\(expected.failing.sorted()) should have failed" }
        guard expected.isClear else { return nil }
        let byWire = Dictionary(grouping: items, by: \.wire).mapValues { $0.map(\.value) }
        for (wire, stream) in expected.streams.enumerated() {
            let values = byWire[wire, default: []]
            let isSame = stream.isOrdered ? values == stream.values : values.sorted() == stream.values.sorted()
            if !isSame { return "wire \(wire): \(values), expected \(stream.values)" }
        }
        return nil
    }
}
