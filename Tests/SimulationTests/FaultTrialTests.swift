import Foundation
import Penstock
import PenstockTesting
import SimulationWorkload
import Synchronization
import Testing

@Suite("Simulated worlds in which everything goes wrong", .timeLimit(.minutes(60)))
struct FaultTrialTests {
    private static let isLong = ProcessInfo.processInfo.environment["PENSTOCK_LONG"] != nil
    private static let trial = FaultTrial { RandomProgram($0) }

    @Test func `work survives whatever befalls it`() throws {
        // Half of the seeds are the same every time, the others are new.
        let count: UInt64 = Self.isLong ? 20_000 : 300
        let fresh = UInt64.random(in: 1 << 32...1 << 62)
        print("first of the new seeds: \(fresh)")
        var struck: [Fault: Int] = [:]
        try Self.trial.search(seeds: Array(0..<count) + Array(fresh..<fresh + count)) { report in
            for fault in report.struck { struck[fault, default: 0] += 1 }
        }
        for fault in Fault.allCases { #expect(struck[fault, default: 0] > 0, "\(fault) has never struck") }
        print("figure: simulated worlds: \(2 * count), faults: \(struck.values.reduce(0, +))")
    }

    @Test func `results that a run has not handed in when its process gives up wake it in the next`() throws {
        // A full disk, a stop and a pause: the results are recorded one by one, and then there is no time for the run.
        let trial = FaultTrial { FamilyProgram($0, FamilyProgram.Tally()) }
        try trial.run(FaultKnobs(seed: 861_967_120_500_074_082))
    }

    @Test func `equal seeds give equal worlds, in this process and in another`() throws {
        let seeds: Range<UInt64> = 0..<60
        let here = try seeds.map { seed in
            let report = try Self.trial.run(FaultKnobs(seed: seed))
            return "\(seed) \(String(report.trace, radix: 16)) \(report.jobs)"
        }
        let there = try Simulate.lines(["trace", "\(seeds.lowerBound)", "\(seeds.count)"])
        #expect(there == here)
        #expect(Set(here.map { $0.split(separator: " ")[1] }).count == here.count, "the worlds differ from one another")
    }

    // MARK: Scenarios that are wrong

    /// What a process does, and nothing else.
    private struct Only: FaultScenario {
        let body: @Sendable (Engine, SimulatedProcess) async throws -> Void

        func pipelines(of process: SimulatedProcess, over store: any Store) throws -> [any Pipeline] { [] }
        func drive(_ engine: Engine, in process: SimulatedProcess) async throws { try await self.body(engine, process) }
        func check(_ store: any Store) async throws {}
    }

    private static func failure(
        _ knobs: FaultKnobs,
        _ body: @escaping @Sendable (Engine) async throws -> Void
    ) -> String {
        do {
            try FaultTrial { _ in Only { engine, _ in try await body(engine) } }.run(knobs)
            return "none"
        } catch {
            return "\(error)"
        }
    }

    private static var calm: FaultKnobs { FaultKnobs(seed: 1).without(Fault.allCases) }

    @Test func `work that escapes the scheduler is found`() {
        let message = Self.failure(Self.calm) { _ in
            let waiting = Waiting()
            await withTaskGroup { group in
                group.addTask { await withCheckedContinuation { waiting.enter($0) } }
                group.addTask {
                    while !waiting.isEntered { await Task.yield() }
                    waiting.resumeElsewhere()
                }
            }
        }
        #expect(message.contains("jobs came from other threads"), "\(message)")
    }

    /// A task that waits, and is resumed by a thread of its own while the world is at work.
    private final class Waiting: Sendable {
        private let continuation = Mutex<CheckedContinuation<Void, Never>?>(nil)

        var isEntered: Bool { self.continuation.withLock { $0 != nil } }

        func enter(_ continuation: CheckedContinuation<Void, Never>) {
            self.continuation.withLock { $0 = continuation }
        }

        func resumeElsewhere() {
            let done = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                self.continuation.withLock { $0 }?.resume()
                done.signal()
            }
            done.wait()
        }
    }

    @Test func `work that never ends is found, and the world is named`() {
        let message = Self.failure(Self.calm) { try await $0.store.environment.clock.sleepForever() }
        #expect(message.contains("after everything was mended"))
        #expect(message.contains("seed 1:"))
    }
}
