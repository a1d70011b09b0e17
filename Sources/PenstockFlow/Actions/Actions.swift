/// Puts for each item what a function makes of it.
public struct Map<Input: Sendable, Output: Sendable>: Action {
    @usableFromInline
    let body: (Input) throws -> Output

    /// Makes the action.
    @inlinable
    public init(_ body: @escaping (Input) throws -> Output) {
        self.body = body
    }

    /// Puts what the function returns.
    @inlinable
    public func onInput(_ input: Input, _ put: (Output) throws -> Void) throws {
        try put(self.body(input))
    }
}

/// Puts for each item as many as a function makes of it.
public struct FlatMap<Input: Sendable, Output: Sendable>: Action {
    @usableFromInline
    let body: (Input, (Output) throws -> Void) throws -> Void

    /// Makes the action; the function puts what it likes.
    @inlinable
    public init(_ body: @escaping (_ input: Input, _ put: (Output) throws -> Void) throws -> Void) {
        self.body = body
    }

    /// Has the function put.
    @inlinable
    public func onInput(_ input: Input, _ put: (Output) throws -> Void) throws {
        try self.body(input, put)
    }
}

/// Puts the items of which a function says so.
public struct Filter<Item: Sendable>: Action {
    @usableFromInline
    let isWanted: (Item) throws -> Bool

    /// Makes the action.
    @inlinable
    public init(_ isWanted: @escaping (Item) throws -> Bool) {
        self.isWanted = isWanted
    }

    /// Puts the item, or not.
    @inlinable
    public func onInput(_ input: Item, _ put: (Item) throws -> Void) throws {
        if try self.isWanted(input) { try put(input) }
    }
}

/// Puts at the end what all items together have come to.
public struct Fold<Input: Sendable, Output: Sendable>: Action {
    @usableFromInline
    var sum: Output
    @usableFromInline
    let body: (inout Output, Input) throws -> Void

    /// Makes the action; the function adds an item to what came before.
    @inlinable
    public init(into initial: Output, _ body: @escaping (_ sum: inout Output, _ item: Input) throws -> Void) {
        self.sum = initial
        self.body = body
    }

    /// Adds the item.
    @inlinable
    public mutating func onInput(_ input: Input, _ put: (Output) throws -> Void) throws {
        try self.body(&self.sum, input)
    }

    /// Puts the sum.
    public mutating func onFinish(_ put: (Output) throws -> Void) throws {
        try put(self.sum)
    }
}

/// Calls a function with each item, and puts nothing.
public struct ForEach<Item: Sendable>: Action {
    @usableFromInline
    let body: (Item) throws -> Void

    /// Makes the action.
    @inlinable
    public init(_ body: @escaping (Item) throws -> Void) {
        self.body = body
    }

    /// Calls the function.
    @inlinable
    public func onInput(_ input: Item, _ put: (Never) throws -> Void) throws {
        try self.body(input)
    }
}

/// Sends each item to one segment or to several, each of which gets a copy, and puts nothing.
@safe
public struct Send<Item: Sendable>: Action {
    private let segments: [String]
    /// Keeps them as long as this.
    private var outlets: [Outlet<Item>] = []
    /// The same ones: to send an item is not to count a reference to each of them, which takes longer than the rest.
    @usableFromInline
    var routes: [Unmanaged<Outlet<Item>>] = unsafe []

    /// Makes the action, which claims a link to each of the segments.
    public init(to segments: String..., of type: Item.Type = Item.self) {
        self.segments = segments
    }

    /// Claims the links.
    public mutating func onStart(_ context: ActionContext) {
        self.outlets = self.segments.map { context.claim($0) }
        unsafe self.routes = self.outlets.map { unsafe Unmanaged.passUnretained($0) }
    }

    /// Sends the item.
    @inlinable
    public func onInput(_ input: Item, _ put: (Never) throws -> Void) throws {
        for place in unsafe self.routes.indices {
            try unsafe self.routes[place]._withUnsafeGuaranteedRef { try $0.send(input) }
        }
    }
}
