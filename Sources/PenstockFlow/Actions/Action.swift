/// One step of a segment: it takes items, and for each puts as many as it likes.
///
/// The actions of a segment are fused: to put an item is to call the next action, in the same thread. So an action is
/// used by one thread, may keep what it likes from item to item, and is made anew for each run.
///
/// ```swift
/// struct Longest: Action {
///     var longest = ""
///
///     mutating func onInput(_ line: String, _ put: (String) throws -> Void) {
///         if line.count > longest.count { longest = line }
///     }
///
///     mutating func onFinish(_ put: (String) throws -> Void) throws {
///         try put(longest)
///     }
/// }
/// ```
public protocol Action<Input, Output>: SendableMetatype {
    /// What it takes.
    associatedtype Input: Sendable

    /// What it puts; `Never` for one that puts nothing, as the last of a segment.
    associatedtype Output: Sendable

    /// What reports call it; the name of its type, if it does not say.
    var name: String { get }

    /// Prepares it for the first item, before anything flows: here links are claimed, and files opened.
    ///
    /// What is thrown fails the pipeline before it has begun.
    mutating func onStart(_ context: ActionContext) throws

    /// Takes an item; what is thrown fails the segment.
    ///
    /// The item is its own: who says `consuming` before its type may change an array where it lies, as long as nobody
    /// else has it.
    mutating func onInput(_ input: consuming Input, _ put: (Output) throws -> Void) throws

    /// Hears that there are no more items, once, after the last of all links into the segment.
    mutating func onFinish(_ put: (Output) throws -> Void) throws
}

extension Action {
    /// The name of its type.
    public var name: String {
        let type = String(describing: Self.self)
        return String(type.prefix { $0 != "<" })
    }

    /// Needs no preparation.
    public mutating func onStart(_ context: ActionContext) throws {}

    /// Has nothing left to say.
    public mutating func onFinish(_ put: (Output) throws -> Void) throws {}
}
