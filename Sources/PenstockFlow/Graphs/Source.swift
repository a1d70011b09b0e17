/// A node that nobody sends to, and that puts items of its own.
///
/// ```swift
/// let lines = Source<String>("lines") { put in
///     for try await line in file.lines { try await put(line) }
/// }
/// ```
public struct Source<Output: Sendable>: Sendable {
    /// The name of the node, which is there once in a graph.
    public let name: String

    @usableFromInline
    let body: @Sendable (NodeContext, _ put: (Output) async throws -> Void) async throws -> Void
    /// The same for a sequence, which need not wait at each item.
    @usableFromInline
    let feed: (@Sendable (NodeSeat, Outlets<Output>) async throws -> Void)?

    /// Makes a source; the stream ends when `body` returns, and `put` waits while there is no room.
    @inlinable
    public init(
        _ name: String,
        of type: Output.Type = Output.self,
        _ body: @escaping @Sendable (_ put: (Output) async throws -> Void) async throws -> Void
    ) {
        self.init(name, of: type) { _, put in try await body(put) }
    }

    /// Makes a source that asks where it is.
    @inlinable
    public init(
        _ name: String,
        of type: Output.Type = Output.self,
        in body:
            @escaping @Sendable (
                _ context: NodeContext, _ put: (Output) async throws -> Void
            ) async throws -> Void
    ) {
        (self.name, self.body, self.feed) = (name, body, nil)
    }

    /// Makes a source that puts the items of a sequence.
    @inlinable
    public init<Items: Sequence<Output> & Sendable>(_ name: String, over items: Items) {
        self.name = name
        self.body = { _, put in for item in items { try await put(item) } }
        self.feed = { seat, outlets in
            var count = 0
            for item in items {
                try seat.checkFeeding()
                let envelope = Envelope(item, Lineage(count))
                count &+= 1
                if !outlets.sendIfRoom(envelope) { try await outlets.wait(with: envelope) }
            }
        }
    }

    @inlinable
    func run(_ seat: NodeSeat) async throws {
        let outlets = Outlets<Output>(0, of: seat)
        do {
            if let feed = self.feed {
                try await feed(seat, outlets)
            } else {
                var count = 0
                try await self.body(seat.context) { output in
                    try seat.checkFeeding()
                    try await outlets.send(Envelope(output, Lineage(count)))
                    count += 1
                }
            }
        } catch  where seat.hasDrained(error) {
            // It was told to stop, and this is all.
        } catch {
            throw seat.failure(error)
        }
        outlets.finish()
    }
}

/// A node that takes items and puts nothing.
///
/// ```swift
/// let log = Sink("log") { (failed: FailedItem<URL>) in print(failed.item, failed.reason) }
/// ```
public struct Sink<Input: Sendable>: Sendable {
    @usableFromInline
    let processor: Processor<Input, Never>

    /// The name of the node, which is there once in a graph.
    public var name: String { self.processor.name }

    /// Makes a sink; the parameters are those of ``Processor``.
    @inlinable
    public init(
        _ name: String,
        maximumSize: Int = 1024,
        workers: Int = 1,
        errorPolicy: ErrorPolicy = .fail,
        _ body: @escaping @Sendable (_ input: Input) async throws -> Void
    ) {
        self.processor = Processor(
            name,
            maximumSize: maximumSize,
            workers: workers,
            isOrdered: false,
            errorPolicy: errorPolicy
        ) { (input: Input, _: (Never) async throws -> Void) in try await body(input) }
    }
}
