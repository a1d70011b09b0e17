/// Puts for each item what a function makes of it.
///
/// A function that says `consuming` before the type of its item may change an array where it lies.
public struct Map<Input: Sendable, Output: Sendable>: Action {
    @usableFromInline
    let body: (consuming Input) throws -> Output

    /// Makes the action.
    @inlinable
    public init(_ body: @escaping (consuming Input) throws -> Output) {
        self.body = body
    }

    /// Puts what the function returns.
    @inlinable
    public func onInput(_ input: consuming Input, _ put: (Output) throws -> Void) throws {
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
public struct Send<Item: Sendable>: Action {
    private let segments: [String]
    private var outlets: [Outlet<Item>] = []
    /// Theirs, which are there as long as they are: to count a reference to an outlet takes longer than to send.
    @usableFromInline
    var routes: [Route<Item>] = []

    /// Makes the action, which claims a link to each of the segments.
    public init(to segments: String..., of type: Item.Type = Item.self) { self.init(segments) }

    /// Makes the action for segments whose names are in a list.
    public init(_ segments: [String]) { self.segments = segments }

    /// Claims the links.
    public mutating func onStart(_ context: ActionContext) {
        self.outlets = self.segments.map { context.claim($0) }
        self.routes = self.outlets.map(\.route)
    }

    /// Sends the item.
    @inlinable
    public func onInput(_ input: consuming Item, _ put: (Never) throws -> Void) throws {
        var place = 0
        while place < self.routes.count - 1 {
            try self.send(copy input, place)
            place += 1
        }
        // The last one gets the item itself, so that an array that nobody else has can be changed where it lies.
        if place < self.routes.count { try self.send(input, place) }
    }

    @inlinable
    @inline(__always)
    func send(_ item: consuming Item, _ place: Int) throws {
        do throws(LinkError) { try self.routes[place].send(item) } catch { try self.dropOrStop(place) }
    }

    @usableFromInline
    func dropOrStop(_ place: Int) throws { try self.outlets[place].dropOrStop() }
}
