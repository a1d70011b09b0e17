/// What a workflow's body has to call pipelines with, to wait for them, and to ask for what is not computed.
///
/// A context belongs to one body and is not `Sendable`: `async let`, task groups and `Task {}` over it do not compile,
/// so the order of steps is the order of the program. Concurrency is ``start(_:_:file:line:)`` with `all` and
/// `race`.
///
/// When a method throws `CancellationError`, the run is leaving this process (it was cancelled, evicted or found to
/// diverge): let the error pass. Nothing that the body does after it has an effect on the run.
public final class WorkflowContext {
    let run: HotRun

    init(run: HotRun) {
        self.run = run
    }

    /// The key under which the run was started.
    public var key: String { self.run.leased.record.key }

    /// The number that the next step will have, from 1.
    public var stepNumber: Int { self.run.withMachine { $0.stepNumber } }

    /// Calls a pipeline and waits for its result.
    ///
    /// The call is one step: recorded before it begins, and never made again once its result is recorded.
    /// - Throws: the callee's ``Failure``; ``PenstockError`` when the argument cannot be encoded.
    public func call<P: Pipeline>(
        _ pipeline: P,
        _ input: P.Input,
        file: StaticString = #fileID,
        line: UInt = #line
    ) async throws -> P.Output {
        let handle = try self.begin(pipeline, input, file: file, line: line)
        let value = try await handle.value
        if let step = handle.step { self.run.withMachine { $0.forget(step) } }
        return value
    }

    /// Starts a call without waiting for it.
    ///
    /// The step is numbered here, in program order; it is recorded and begins when the body next waits.
    public func start<P: Pipeline>(
        _ pipeline: P,
        _ input: P.Input,
        file: StaticString = #fileID,
        line: UInt = #line
    ) throws -> StepHandle<P.Output> {
        try self.begin(pipeline, input, file: file, line: line)
    }

    private func begin<P: Pipeline>(
        _ pipeline: P,
        _ input: P.Input,
        file: StaticString,
        line: UInt
    ) throws(PenstockError) -> StepHandle<P.Output> {
        let argument = try Payload(encoding: input)
        try Limits.checkPayload(argument, queue: pipeline.name, key: nil)
        let call = Call(callee: pipeline.name, argument: argument, source: "\(file):\(line)")
        return StepHandle(run: self.run, step: self.run.withMachine { $0.issued(call) }, callee: pipeline.name)
    }

    /// Waits for several calls and returns their results together.
    public func all<each Output>(
        _ handles: repeat StepHandle<each Output>
    ) async throws -> (repeat each Output) {
        (repeat try await (each handles).value)
    }

    /// Waits for any number of calls of one kind and returns their results in order.
    public func all<Output>(_ handles: [StepHandle<Output>]) async throws -> [Output] {
        var outputs: [Output] = []
        outputs.reserveCapacity(handles.count)
        for handle in handles { outputs.append(try await handle.value) }
        return outputs
    }

    /// Waits for the first of several calls to end, with a result or a failure, and returns its result.
    ///
    /// Which one it was is recorded, so a replay takes the same one. The others go on; those that have not ended when
    /// the run ends are cancelled.
    public func race<Output>(
        _ handles: [StepHandle<Output>],
        file: StaticString = #fileID,
        line: UInt = #line
    ) async throws -> Output {
        guard !handles.isEmpty else { throw PenstockError(.unsupported, "a race needs at least one call") }
        let steps = handles.compactMap(\.step)
        guard steps.count == handles.count else { throw CancellationError() }
        let call = Call(
            callee: "~race",
            argument: try Payload(encoding: steps),
            source: "\(file):\(line)"
        )
        // A replay knows the winner before it waits; the first time, it is known after.
        if let winner = self.run.withMachine({ $0.replayedValue(call) }) {
            return try await self.value(of: try winner.decode(as: Int.self), among: handles)
        }
        let (winner, _) = try await self.run.value(of: steps)
        let recorded = try Payload(encoding: winner)
        guard self.run.withMachine({ $0.recorded(call) { recorded } }) != nil else { throw CancellationError() }
        return try await self.value(of: winner, among: handles)
    }

    /// Waits for the first of several calls to end, with a result or a failure, and returns its result.
    public func race<Output>(
        _ handles: StepHandle<Output>...,
        file: StaticString = #fileID,
        line: UInt = #line
    ) async throws -> Output {
        try await self.race(handles, file: file, line: line)
    }

    private func value<Output>(of step: Int, among handles: [StepHandle<Output>]) async throws -> Output {
        guard let handle = handles.first(where: { $0.step == step }) else { throw CancellationError() }
        return try await handle.value
    }

    // MARK: What is not computed

    /// The time, as it was when the body first asked at this place.
    public func now(file: StaticString = #fileID, line: UInt = #line) throws -> Timestamp {
        let clock = self.run.core.environment.clock
        return try self.recorded("~now", file: file, line: line) { () throws(PenstockError) in
            try Payload(encoding: clock.now)
        }
    }

    /// 64 random bits, as they were drawn when the body first asked at this place.
    public func random(file: StaticString = #fileID, line: UInt = #line) throws -> UInt64 {
        let entropy = self.run.core.environment.entropy
        return try self.recorded("~random", file: file, line: line) { () throws(PenstockError) in
            try Payload(encoding: entropy.next())
        }
    }

    /// An identifier that no other call of this method returns: the address of the step.
    public func identifier(file: StaticString = #fileID, line: UInt = #line) throws -> String {
        let id = self.run.leased.record.id
        let number = self.run.leased.record.number
        let step = self.stepNumber
        return try self.recorded("~identifier", file: file, line: line) { () throws(PenstockError) in
            try Payload(encoding: ItemID(root: id.root, run: number, step: step).key)
        }
    }

    private func recorded<Value: Codable>(
        _ kind: String,
        file: StaticString,
        line: UInt,
        _ make: () throws(PenstockError) -> Payload
    ) throws -> Value {
        let call = Call(callee: kind, argument: Payload(bytes: []), source: "\(file):\(line)")
        let value = try make()
        guard let payload = self.run.withMachine({ $0.recorded(call) { value } }) else { throw CancellationError() }
        return try payload.decode()
    }
}

@available(*, unavailable)
extension WorkflowContext: Sendable {}

/// A call that was started and may be waited for.
///
/// Like the context it came from, a handle belongs to one body and is not `Sendable`.
public struct StepHandle<Output: Codable & Sendable> {
    let run: HotRun
    /// The number of the step; `nil` when the run was over or diverged as it was started.
    let step: Int?
    let callee: String

    /// The result of the call; waits for it.
    ///
    /// It may be asked for more than once.
    ///
    /// Throws the callee's ``Failure``, or `CancellationError` when the run is leaving this process.
    public var value: Output {
        get async throws {
            let (_, outcome) = try await self.run.value(of: self.step.map { [$0] } ?? [])
            return try outcome.get().decode(as: Output.self)
        }
    }
}

@available(*, unavailable)
extension StepHandle: Sendable {}
