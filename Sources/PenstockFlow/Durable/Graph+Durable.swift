public import Penstock

extension Graph {
    /// Runs the graph with its links in a store: every hand-off is a transaction, and a crash resumes.
    ///
    /// Called again under the same name after a crash, a failure or a cancellation, it goes on where it was; called
    /// after its end, it returns at once. The input has to be the same each time, from its beginning: what is in the
    /// store already is passed over. The body of a processor runs at least once for each item, and what it puts is
    /// there once.
    ///
    /// - Parameters:
    ///   - input: What goes into the graph.
    ///   - store: Where the links are.
    ///   - name: The name of the run, under which it is found again; it begins the names of its queues, and has no
    ///     colon.
    ///   - output: The queue into which each item that comes out is pushed, once; it is in the same store.
    ///   - shared: What all nodes share.
    /// - Returns: what each node has done in this call.
    /// - Throws: ``GraphFailure`` when a node has failed or the run was cancelled; ``FlowError`` when it cannot begin:
    ///   an item is not `Codable`, somebody else runs it, or it was another graph when it began.
    public func run<Items: AsyncSequence & Sendable>(
        _ input: Items,
        in store: any Store,
        as name: String,
        to output: Queue<Output>,
        sharing shared: (any Sendable)? = nil
    ) async throws -> GraphResult where Items.Element == Input, Output: Codable {
        let source = Source("input", of: Input.self) { put in for try await item in input { try await put(item) } }
        return try await DurableRun(self.plan, source, in: store, as: name, to: output, shared).main()
    }

    /// The same over a sequence that is there.
    public func run<Items: Sequence<Input> & Sendable>(
        _ input: Items,
        in store: any Store,
        as name: String,
        to output: Queue<Output>,
        sharing shared: (any Sendable)? = nil
    ) async throws -> GraphResult where Output: Codable {
        let source = Source("input", of: Input.self) { put in for item in input { try await put(item) } }
        return try await DurableRun(self.plan, source, in: store, as: name, to: output, shared).main()
    }

    /// The same with other sizes.
    package func run<Items: Sequence<Input> & Sendable>(
        _ input: Items,
        in store: any Store,
        as name: String,
        to output: Queue<Output>,
        sizes: DurableSizes
    ) async throws -> GraphResult where Output: Codable {
        let source = Source("input", of: Input.self) { put in for item in input { try await put(item) } }
        return try await DurableRun(self.plan, source, in: store, as: name, to: output, nil, sizes).main()
    }

    /// The same for a graph out of which nothing comes.
    public func run<Items: Sequence<Input> & Sendable>(
        _ input: Items,
        in store: any Store,
        as name: String,
        sharing shared: (any Sendable)? = nil
    ) async throws -> GraphResult where Output == Never {
        let source = Source("input", of: Input.self) { put in for item in input { try await put(item) } }
        return try await DurableRun(self.plan, source, in: store, as: name, to: nil as Queue<Int>?, shared).main()
    }
}
