/// A node that needs all items before it puts what they come to: a sum, a sorted list, groups.
///
/// It is one, whatever is around it, and never split over several workers.
///
/// ```swift
/// let count = Gather("count", into: [:]) { (counts: inout [String: Int], word: String) in
///     counts[word, default: 0] += 1
/// }
/// ```
public struct Gather<Input: Sendable, State: Sendable, Output: Sendable>: Sendable {
    /// The name of the node, which is there once in a graph.
    public let name: String

    /// How many items each link into it holds.
    public let maximumSize: Int

    @usableFromInline
    let initial: State
    @usableFromInline
    let add: @Sendable (inout State, Input) throws -> Void
    @usableFromInline
    let finish: @Sendable (State, _ put: (Output) async throws -> Void) async throws -> Void

    /// Makes a node that puts as many items as it likes at the end.
    ///
    /// - Parameters:
    ///   - name: The name of the node.
    ///   - maximumSize: How many items each link into it holds.
    ///   - initial: What it begins with in each run.
    ///   - add: Adds an item; what it throws fails the run.
    ///   - finish: Puts what all items have come to, once, after the last of all links.
    @inlinable
    public init(
        _ name: String,
        maximumSize: Int = 1024,
        into initial: State,
        _ add: @escaping @Sendable (_ state: inout State, _ input: Input) throws -> Void,
        finish: @escaping @Sendable (_ state: State, _ put: (Output) async throws -> Void) async throws -> Void
    ) {
        precondition(maximumSize > 0, "the inlet of node '\(name)' holds at least one item")
        (self.name, self.maximumSize, self.initial, self.add, self.finish) = (name, maximumSize, initial, add, finish)
    }

    /// Makes a node that puts at the end what it has gathered.
    ///
    /// The parameters are those of the other form.
    @inlinable
    public init(
        _ name: String,
        maximumSize: Int = 1024,
        into initial: State,
        _ add: @escaping @Sendable (_ state: inout State, _ input: Input) throws -> Void
    ) where Output == State {
        self.init(name, maximumSize: maximumSize, into: initial, add) { state, put in try await put(state) }
    }

    /// Takes everything, and then puts.
    @inlinable
    func run(_ seat: NodeSeat) async throws {
        let outlets = Outlets<Output>(0, of: seat)
        var inlet = seat.inlet(0, of: Input.self)
        var state = self.initial
        while !inlet.hasEnded {
            while let envelope = try inlet.takeIfReady(seat.interruption) {
                guard let item = envelope.item else { continue }
                NodeCounters.count(seat.counters.taken)
                do { try self.add(&state, item) } catch { throw seat.failure(error, envelope.lineage) }
            }
            if !inlet.hasEnded { await inlet.suspend(seat) }
        }
        var count = 0
        do {
            try await self.finish(state) { output in
                try await outlets.send(Envelope(output, Lineage(count)))
                count += 1
            }
        } catch {
            throw seat.failure(error)
        }
        outlets.finish()
    }
}
