/// Two actions as one: what the first puts is what the second takes.
public struct FusedAction<First: Action, Second: Action>: Action where First.Output == Second.Input {
    @usableFromInline
    var first: First
    @usableFromInline
    var second: Second

    @inlinable
    init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
    }

    /// The names of both.
    public var name: String { "\(self.first.name), \(self.second.name)" }

    /// Starts the one, then the other.
    public mutating func onStart(_ context: ActionContext) throws {
        try self.first.onStart(context)
        try self.second.onStart(context)
    }

    /// Has the first take the item.
    @inlinable
    public mutating func onInput(_ input: consuming First.Input, _ put: (Second.Output) throws -> Void) throws {
        try self.first.onInput(input) { try self.second.onInput($0, put) }
    }

    /// Finishes the one, whose last items go to the other, and then the other.
    @inlinable
    public mutating func onFinish(_ put: (Second.Output) throws -> Void) throws {
        try self.first.onFinish { try self.second.onInput($0, put) }
        try self.second.onFinish(put)
    }
}

/// An action of a segment, which says who it is when it fails.
public struct NamedAction<Base: Action>: Action {
    @usableFromInline
    var base: Base

    @inlinable
    init(_ base: Base) {
        self.base = base
    }

    /// The action's name.
    public var name: String { self.base.name }

    /// Starts the action.
    public mutating func onStart(_ context: ActionContext) throws {
        do {
            try self.base.onStart(context)
        } catch {
            throw self.failure(error)
        }
        context.started += 1
    }

    /// Has the action take the item.
    ///
    /// It is always inlined, for it is there in every step: left to itself, the compiler gives up on pipelines of five.
    @inlinable
    @inline(__always)
    public mutating func onInput(_ input: consuming Base.Input, _ put: (Base.Output) throws -> Void) throws {
        do {
            try self.base.onInput(input, put)
        } catch {
            throw self.failure(error)
        }
    }

    /// Finishes the action.
    @inlinable
    public mutating func onFinish(_ put: (Base.Output) throws -> Void) throws {
        do {
            try self.base.onFinish(put)
        } catch {
            throw self.failure(error)
        }
    }

    /// Says which action an error came from; one that came from an action after this one says so already.
    @usableFromInline
    func failure(_ error: any Error) -> any Error {
        ActionFailure.named(error, self.name)
    }
}

/// What an action has thrown.
struct ActionFailure: Error {
    let action: String
    let error: any Error

    /// Says which action an error came from, unless it says so already or is no action's.
    static func named(_ error: any Error, _ action: @autoclosure () -> String) -> any Error {
        error is ActionFailure || error is SegmentStopped ? error : ActionFailure(action: action(), error: error)
    }
}

/// A segment has no reason to go on, and has not failed itself: the pipeline was interrupted, or a link has broken.
struct SegmentStopped: Error {
    let reason: String
}
