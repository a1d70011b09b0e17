/// Actions that were fused one by one, as their types became known; the first takes items of this type.
///
/// Each knows the types of its own and of the next, so that no item is put into a box.
@usableFromInline
struct ActionChain<Input: Sendable>: ErasedChain {
    @usableFromInline
    let names: [String]
    @usableFromInline
    let start: (ActionContext) throws -> Void
    @usableFromInline
    let take: (consuming Input) throws -> Void
    @usableFromInline
    let finish: () throws -> Void

    @usableFromInline
    init(
        _ names: [String],
        start: @escaping (ActionContext) throws -> Void,
        take: @escaping (consuming Input) throws -> Void,
        finish: @escaping () throws -> Void
    ) {
        (self.names, self.start, self.take, self.finish) = (names, start, take, finish)
    }

    /// Puts an action before others.
    @inlinable
    init<Made: Action>(_ next: ActionChain<Made.Output>, after made: Made, _ name: String) where Made.Input == Input {
        let action = ChainedAction(made, name)
        let put = next.take
        self.init(
            [name] + next.names,
            start: { context in
                try action.start(context)
                try next.start(context)
            },
            take: { input in
                do { try action.made.onInput(input) { try put($0) } } catch { throw action.failure(error) }
            },
            finish: {
                do { try action.made.onFinish { try put($0) } } catch { throw action.failure(error) }
                try next.finish()
            }
        )
    }

    /// What takes the items that the last action puts, and sends them to other segments.
    @usableFromInline
    init(sendingTo targets: [String]) {
        let action = ChainedAction(Send<Input>(targets), "send")
        self.init(
            ["send"],
            start: { try action.start($0) },
            take: { input in try action.made.onInput(input) { _ in } },
            finish: {}
        )
    }

    /// What comes after an action that puts nothing.
    @usableFromInline
    static var end: ActionChain<Input> { ActionChain([], start: { _ in }, take: { _ in }, finish: {}) }

    /// The chain, known to take what comes; the types were compared before.
    @usableFromInline
    static func expect(_ chain: any ErasedChain) throws -> ActionChain<Input> {
        if Input.self == Never.self { return .end }
        guard let chain = chain as? ActionChain<Input> else {
            throw FlowError(.typeMismatch, "what takes \(Input.self) takes something else")
        }
        return chain
    }

    @usableFromInline
    func body(_ segment: String, capacity: Int, bell: Bell) -> RunnableBody {
        RunnableBody(SegmentBody(segment, ChainAction(chain: self), capacity: capacity, bell: bell))
    }
}

/// A chain of any type.
@usableFromInline
protocol ErasedChain {
    /// Makes a segment of it.
    func body(_ segment: String, capacity: Int, bell: Bell) -> RunnableBody
}

/// An action of a chain, which is used by the thread of one segment.
@usableFromInline
final class ChainedAction<Made: Action> {
    @usableFromInline
    var made: Made
    private let name: String

    @usableFromInline
    init(_ made: Made, _ name: String) {
        (self.made, self.name) = (made, name)
    }

    @usableFromInline
    func start(_ context: ActionContext) throws {
        do { try self.made.onStart(context) } catch { throw self.failure(error) }
        context.started += 1
    }

    /// Says which action an error came from; one that came from an action after this one says so already.
    @usableFromInline
    func failure(_ error: any Error) -> any Error { ActionFailure.named(error, self.name) }
}

/// A whole chain as the one action of a segment.
@usableFromInline
struct ChainAction<Input: Sendable>: Action {
    @usableFromInline
    let chain: ActionChain<Input>

    @usableFromInline
    init(chain: ActionChain<Input>) { self.chain = chain }

    @usableFromInline
    var name: String { self.chain.names.joined(separator: ", ") }

    @usableFromInline
    func onStart(_ context: ActionContext) throws { try self.chain.start(context) }

    @inlinable
    func onInput(_ input: consuming Input, _ put: (Never) throws -> Void) throws { try self.chain.take(input) }

    @inlinable
    func onFinish(_ put: (Never) throws -> Void) throws { try self.chain.finish() }
}
