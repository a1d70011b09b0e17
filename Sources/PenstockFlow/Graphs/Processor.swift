/// A node of a graph: an inlet of a maximum size, and an asynchronous function; its outlets are the inlets of others.
///
/// It is used by one run after the other and by several at once, so it has no state; what it needs beside its items is
/// shared by the run, see ``NodeContext/shared(as:)``.
///
/// ```swift
/// let fetch = Processor("fetch", workers: 8) { (page: URL) in try await download(page) }
/// let words = Processor("words") { (line: String, put) in
///     for word in line.split(separator: " ") { try await put(String(word)) }
/// }
/// ```
public struct Processor<Input: Sendable, Output: Sendable>: Sendable {
    /// Makes one item of another, and never waits.
    @usableFromInline
    typealias Plain = @Sendable (Input) throws -> Output
    /// Makes one item of another.
    @usableFromInline
    typealias One = @Sendable (Input, NodeContext) async throws -> Output
    /// Takes an item, and puts as many as it likes.
    @usableFromInline
    typealias Many = @Sendable (Input, NodeContext, _ put: (Output) async throws -> Void) async throws -> Void

    @usableFromInline
    enum Body: Sendable {
        case plain(Plain)
        case one(One)
        case many(Many)
    }

    /// The name of the node, which is there once in a graph.
    public let name: String

    /// How many items each link into it holds.
    public let maximumSize: Int

    /// How many items it works on at the same time.
    public let workers: Int

    /// Whether what it puts is in the order in which the items came, however long each takes.
    public let isOrdered: Bool

    /// What is done about an item for which it throws.
    public let errorPolicy: ErrorPolicy

    @usableFromInline
    let body: Body

    /// Makes a processor that puts one item for each that it takes.
    ///
    /// - Parameters:
    ///   - name: The name of the node.
    ///   - maximumSize: How many items each link into it holds; whoever sends to one that is full waits.
    ///   - workers: How many items it works on at the same time.
    ///   - isOrdered: Whether it puts in the order in which the items came. An item that takes long then holds up those
    ///     that came after it, of which there are never more than `workers`.
    ///   - errorPolicy: What is done about an item for which `body` throws.
    ///   - body: Makes one item of another, in a task of the run.
    @inlinable
    public init(
        _ name: String,
        maximumSize: Int = 1024,
        workers: Int = 1,
        isOrdered: Bool = true,
        errorPolicy: ErrorPolicy = .fail,
        _ body: @escaping @Sendable (_ input: Input) async throws -> Output
    ) {
        self.init(name, maximumSize, workers, isOrdered, errorPolicy, .one { input, _ in try await body(input) })
    }

    /// Makes a processor of a function that waits for nothing, which is taken for any that has no `await`.
    ///
    /// The parameters are those of the other form. With one worker it is called for one item after the other, as long
    /// as there are some and there is room, and no task is suspended in between.
    @inlinable
    public init(
        _ name: String,
        maximumSize: Int = 1024,
        workers: Int = 1,
        isOrdered: Bool = true,
        errorPolicy: ErrorPolicy = .fail,
        _ body: @escaping @Sendable (_ input: Input) throws -> Output
    ) {
        self.init(name, maximumSize, workers, isOrdered, errorPolicy, .plain(body))
    }

    /// Makes a processor that puts one item for each that it takes, and asks where it is.
    ///
    /// The parameters are those of the simpler form; `body` gets the node's context as well.
    @inlinable
    public init(
        _ name: String,
        maximumSize: Int = 1024,
        workers: Int = 1,
        isOrdered: Bool = true,
        errorPolicy: ErrorPolicy = .fail,
        in body: @escaping @Sendable (_ input: Input, _ context: NodeContext) async throws -> Output
    ) {
        self.init(name, maximumSize, workers, isOrdered, errorPolicy, .one(body))
    }

    /// Makes a processor that puts as many items as it likes for each that it takes.
    ///
    /// The parameters are those of the simpler form. With one worker, `put` waits while there is no room; with several,
    /// what is made of one item is kept until it has its turn.
    @inlinable
    public init(
        _ name: String,
        maximumSize: Int = 1024,
        workers: Int = 1,
        isOrdered: Bool = true,
        errorPolicy: ErrorPolicy = .fail,
        _ body: @escaping @Sendable (_ input: Input, _ put: (Output) async throws -> Void) async throws -> Void
    ) {
        let many: Many = { input, _, put in try await body(input, put) }
        self.init(name, maximumSize, workers, isOrdered, errorPolicy, .many(many))
    }

    /// Makes a processor that puts as many items as it likes for each that it takes, and asks where it is.
    ///
    /// The parameters are those of the simpler forms.
    @inlinable
    public init(
        _ name: String,
        maximumSize: Int = 1024,
        workers: Int = 1,
        isOrdered: Bool = true,
        errorPolicy: ErrorPolicy = .fail,
        in body:
            @escaping @Sendable (
                _ input: Input, _ context: NodeContext, _ put: (Output) async throws -> Void
            ) async throws -> Void
    ) {
        self.init(name, maximumSize, workers, isOrdered, errorPolicy, .many(body))
    }

    @usableFromInline
    init(
        _ name: String,
        _ maximumSize: Int,
        _ workers: Int,
        _ isOrdered: Bool,
        _ errorPolicy: ErrorPolicy,
        _ body: Body
    ) {
        precondition(maximumSize > 0, "the inlet of processor '\(name)' holds at least one item")
        precondition(workers > 0, "processor '\(name)' has at least one worker")
        (self.name, self.maximumSize, self.workers, self.isOrdered) = (name, maximumSize, workers, isOrdered)
        (self.errorPolicy, self.body) = (errorPolicy, body)
    }
}

/// What is done about an item for which a processor throws.
///
/// A processor that throws `CancellationError` has not failed: it stops, and the run is cancelled.
public enum ErrorPolicy: String, Sendable, Codable, CaseIterable {
    /// The run fails, and names the node and the item.
    case fail
    /// The item is dropped and counted, and the run goes on.
    case drop
    /// It is put into the node's outlet for failures, and the run goes on.
    case route
}

/// An item for which a processor has thrown.
public struct FailedItem<Item: Sendable>: Sendable {
    /// The node.
    public let node: String
    /// The item.
    public let item: Item
    /// Which item of the graph's input it has come from.
    public let lineage: Lineage
    /// What was thrown, in words.
    public let reason: String

    @usableFromInline
    init(node: String, item: Item, lineage: Lineage, error: any Error) {
        (self.node, self.item, self.lineage, self.reason) = (node, item, lineage, "\(error)")
    }
}

extension FailedItem: Equatable where Item: Equatable {}
extension FailedItem: Hashable where Item: Hashable {}
extension FailedItem: Codable where Item: Codable {}
