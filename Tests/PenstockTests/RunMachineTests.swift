import Penstock
import Testing

@Suite("The state machine of a run")
struct RunMachineTests {
    private static func machine(journal: [ItemRecord] = []) -> RunMachine {
        let id = ItemID(root: 1, run: 1, step: 0)
        let record = ItemRecord(
            id: id,
            number: 1,
            queue: "flow",
            key: "one",
            due: .distantPast,
            created: .distantPast,
            digest: 0,
            payload: Payload(bytes: [])
        )
        return RunMachine(LeasedItem(record: record, lease: LeaseReference(id: id, token: 7)), journal: journal)
    }

    private static let call = Call(callee: "double", argument: Payload(bytes: [49]), source: "here:1")

    private static func settled(_ step: Int) -> Operation {
        .settle(
            LeaseReference(id: ItemID(root: 1, run: 1, step: step), token: 8),
            .complete(Payload(bytes: [50]))
        )
    }

    @Test func `a result that arrives while its call is being committed is not forgotten`() throws {
        var machine = Self.machine()
        let step = machine.issued(Self.call)
        #expect(step == 1)
        guard case .commit(let operations) = machine.awaits([1]) else {
            Issue.record("the call was not committed")
            return
        }
        #expect(operations.count == 2, "the call and the parking")
        let outcome = RunMachine.Outcome.success(Payload(bytes: [50]))
        let delivery = machine.arrived(1, outcome, Recording([Self.settled(1)]))
        #expect(delivery == .taken(resume: false))
        _ = machine.committed()
        guard case .proceed(1, outcome) = machine.awaits([1]) else {
            Issue.record("the result that arrived was lost")
            return
        }
        let end = machine.finished([])
        #expect(end?.operations.count == 1, "the result is recorded with the end of the run")
    }

    @Test func `a result wakes the run unless the run hands it in itself`() throws {
        var machine = Self.machine()
        _ = (machine.issued(Self.call), machine.issued(Self.call))
        _ = machine.awaits([1])
        _ = machine.committed()
        let outcome = RunMachine.Outcome.success(Payload(bytes: [50]))
        _ = machine.arrived(1, outcome, Recording([Self.settled(1)]))
        _ = machine.awaits([1])
        guard case .commit(let operations) = machine.awaits([2]) else {
            Issue.record("the result was not handed in")
            return
        }
        #expect(Self.hearers(in: operations) == [LeaseReference(id: ItemID(root: 1, run: 1, step: 0), token: 7)])
        _ = machine.arrived(2, outcome, Recording([Self.settled(2)]))
        // The commit fails. Should the process end before the run is given back, nothing else would wake the run.
        let orphans = machine.end()
        #expect(orphans.map { $0.operations.count } == [1, 1])
        #expect(orphans.flatMap { Self.hearers(in: $0.operations) } == [nil, nil])
    }

    @Test func `the parts of an end that is refused wake the run`() throws {
        var machine = Self.machine()
        _ = machine.issued(Self.call)
        _ = machine.awaits([1])
        _ = machine.committed()
        _ = machine.arrived(1, .success(Payload(bytes: [50])), Recording([Self.settled(1)]))
        _ = machine.awaits([1])
        let ended = machine.finished([])
        let end = try #require(ended)
        #expect(Self.hearers(in: end.operations).compactMap(\.self).count == 1)
        #expect(end.parts.flatMap { Self.hearers(in: $0.operations) } == [nil])
    }

    /// By whom the results have been heard that are recorded.
    private static func hearers(in operations: [Operation]) -> [LeaseReference?] {
        operations.compactMap { operation -> LeaseReference?? in
            if case .settle(_, .complete(_, let heardBy)) = operation { .some(heardBy) } else { nil }
        }
    }

    @Test func `a result that nobody waits for is recorded by whoever brings it`() throws {
        var machine = Self.machine()
        let (first, second) = (machine.issued(Self.call), machine.issued(Self.call))
        #expect(first == 1 && second == 2)
        guard case .commit = machine.awaits([2]) else {
            Issue.record("the calls were not committed")
            return
        }
        _ = machine.committed()
        guard case .wait = machine.awaits([2]) else {
            Issue.record("the body did not wait")
            return
        }
        let outcome = RunMachine.Outcome.success(Payload(bytes: [50]))
        let deliveries = [
            machine.arrived(1, outcome, Recording([Self.settled(1)])),
            machine.arrived(2, outcome, Recording([Self.settled(2)])),
        ]
        #expect(deliveries == [.record, .taken(resume: true)])
        // The body now asks for the first: it must not park before that result is durable.
        guard case .proceed = machine.awaits([2]), case .wait = machine.awaits([1]) else {
            Issue.record("the run was parked on a result that is being recorded")
            return
        }
        let resumes = machine.recorded(1, outcome)
        #expect(resumes)
    }

    @Test func `a run that hears of its result while it is leaving goes on when it may not leave`() throws {
        var machine = Self.machine()
        _ = machine.issued(Self.call)
        _ = machine.awaits([1])
        _ = machine.committed()
        let left = machine.leave()
        let leaving = try #require(left)
        let outcome = Payload(bytes: [50])
        let row = ItemRecord(
            id: ItemID(root: 1, run: 1, step: 1),
            number: 2,
            queue: "double",
            key: "~1.1",
            state: .completed,
            due: .distantPast,
            created: .distantPast,
            digest: 0,
            payload: Payload(bytes: [49]),
            result: outcome
        )
        let resumes = [machine.heard(leaving.news + 1, settled: [row]), machine.stay()]
        #expect(resumes == [false, true], "it is woken when it stays, for nobody else will")
        guard case .proceed(1, .success(outcome)) = machine.awaits([1]) else {
            Issue.record("the result was lost")
            return
        }
    }

    @Test func `a run does not leave while a result of its is being recorded`() {
        var machine = Self.machine()
        _ = (machine.issued(Self.call), machine.issued(Self.call))
        _ = machine.awaits([2])
        _ = machine.committed()
        let outcome = RunMachine.Outcome.success(Payload(bytes: [50]))
        let delivery = machine.arrived(1, outcome, Recording([Self.settled(1)]))
        #expect(delivery == .record)
        var leaving = machine.leave()
        #expect(leaving == nil, "the result wakes nobody: the run has heard of it")
        let resumes = machine.recorded(1, outcome)
        #expect(!resumes)
        leaving = machine.leave()
        #expect(leaving != nil)
    }

    @Test func `a result that comes from somebody who has lost the step changes nothing`() {
        var machine = Self.machine()
        _ = machine.issued(Self.call)
        _ = machine.awaits([1])
        _ = machine.committed()
        let outcome = RunMachine.Outcome.success(Payload(bytes: [50]))
        _ = machine.recorded(1, outcome)
        let delivery = machine.arrived(1, .success(Payload(bytes: [51])), Recording([Self.settled(1)]))
        #expect(delivery == .cold, "whoever brings it finds out that it is too late")
        guard case .proceed(1, outcome) = machine.awaits([1]) else {
            Issue.record("the run waits for what it has")
            return
        }
    }

    @Test func `a result that could not be recorded does not leave the body waiting for it`() throws {
        var machine = Self.machine()
        _ = (machine.issued(Self.call), machine.issued(Self.call))
        guard case .commit = machine.awaits([2]) else {
            Issue.record("the calls were not committed")
            return
        }
        _ = machine.committed()
        _ = machine.awaits([2])
        let outcome = RunMachine.Outcome.success(Payload(bytes: [50]))
        _ = machine.arrived(1, outcome, Recording([Self.settled(1)]))
        _ = machine.arrived(2, outcome, Recording([Self.settled(2)]))
        // The body has put off its commit until the first result is recorded; that fails.
        guard case .proceed = machine.awaits([2]), case .wait = machine.awaits([1]) else {
            Issue.record("the body did not wait for the recording")
            return
        }
        let resumes = machine.unrecorded(1)
        #expect(resumes)
        guard case .commit = machine.awaits([1]) else {
            Issue.record("what the body did was never committed")
            return
        }
    }

    @Test func `a journal that has a step twice is replayed as far as it agrees`() throws {
        let step = ItemRecord(
            id: ItemID(root: 1, run: 1, step: 1),
            number: 2,
            queue: "double",
            due: .distantPast,
            created: .distantPast,
            digest: 0,
            payload: Payload(bytes: [49])
        )
        var machine = Self.machine(journal: [step, step])
        let issued = machine.issued(Self.call)
        #expect(issued == nil, "the digest is not that of the call")
        #expect(machine.divergence?.step == 1)
    }
}
