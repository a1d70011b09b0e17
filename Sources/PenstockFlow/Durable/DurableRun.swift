import Penstock

/// A run of a graph whose links are in a store.
struct DurableRun: Sendable {
    /// What is kept of the run itself.
    private struct Record: Codable, Equatable {
        let graph: String
        /// The nodes with what they are and who sends to them: what has to be the same when it goes on.
        let nodes: [String]
    }

    private let graph: String
    private let nodes: [PlannedNode]
    private let record: Record
    private let store: any Store
    private let names: DurableNames
    private let settings: RunSettings

    init<Input: Sendable, Output: GraphItem>(
        _ plan: GraphPlan,
        _ input: Source<Input>,
        in store: any Store,
        as name: String,
        to output: Queue<Output>?,
        _ shared: (any Sendable)?
    ) throws {
        guard !name.contains(":") else {
            let reason = "its queues could be those of another run: leave the colon out"
            throw FlowError(.cannotRun, "run '\(name)' has a colon in its name, so \(reason)")
        }
        // The store says what else is wrong with the name.
        _ = try Queue<Bool>("\(name):progress", in: store)
        (self.graph, self.store, self.names) = (plan.name, store, DurableNames(run: name))
        self.settings = RunSettings(shared: shared)
        var nodes = [input.planned("input")] + plan.nodes
        for place in nodes.indices.dropFirst() {
            for inlet in nodes[place].inlets.indices {
                nodes[place].inlets[inlet].sources = Self.moved(nodes[place].inlets[inlet].sources)
            }
        }
        if let output {
            guard output.store === store else {
                throw PenstockError(.wrongStore, "queue '\(output.name)' is in another store than run '\(name)'")
            }
            nodes.append(OutputNode(queue: output, run: name).planned(Self.moved(plan.outputs)))
        }
        let problems = nodes.flatMap(\.unstorable)
        guard problems.isEmpty else { throw FlowErrors(problems) }
        self.nodes = nodes
        self.record = Record(
            graph: plan.name,
            nodes: nodes.map { node in
                let sources = node.inlets.map { $0.sources.map { "\($0.node).\($0.port)" }.joined(separator: " ") }
                return "\(node.name): \(node.kind.rawValue) \(sources.joined(separator: ", "))"
            }
        )
    }

    private static func moved(_ ports: [PortID]) -> [PortID] {
        ports.map { PortID(node: $0.node - GraphPlan.inlet, port: $0.port) }
    }

    // MARK: Running

    /// Runs it to its end, or says that it has had it.
    func main() async throws -> GraphResult {
        guard let lease = try await self.begin() else { return GraphResult(outcome: .completed, nodes: []) }
        let seats = self.seats
        let seated = zip(self.nodes, seats).map { node, seat in
            let body: @Sendable () async throws -> Void = {
                let hasEnded = try await self.store.item(self.names.doneReference(seat.place)) != nil
                if !hasEnded { try await node.runDurably(seat) }
            }
            return RunControl.Seated(node: node, seat: seat.node, sockets: [], body)
        }
        let executor = self.store.environment.scheduler ?? FlowExecutor.shared
        let control = RunControl(seated, self.settings, on: executor)
        let end = Task(executorPreference: executor) { await control.main() }
        let result = await withTaskCancellationHandler {
            await end.value
        } onCancel: {
            control.cancel("the task that ran it was cancelled")
            end.cancel()
        }
        guard case .completed = result.outcome else {
            for seat in seats { await seat.giveBack() }
            _ = await self.store.relinquish(lease, news: .max)
            throw GraphFailure(graph: self.graph, result: result)
        }
        let ended = Operation.settle(lease, .complete(try Payload(encoding: true)))
        do {
            _ = try await self.store.commit(Transaction([.clear(queue: self.names.progress), ended]))
        } catch {
            // All is done but to say so, which the next call does.
            _ = await self.store.relinquish(lease, news: .max)
            throw error
        }
        return result
    }

    /// Takes the run, or makes it.
    /// - Returns: `nil` when it has ended.
    private func begin() async throws -> LeaseReference? {
        let payload = try Payload(encoding: self.record)
        let run = ItemReference.key(queue: self.names.run, "run")
        if try await self.store.item(run) == nil {
            let item = NewItem(queue: self.names.run, key: "run", payload: payload, onDuplicate: .ignore)
            _ = try await self.store.commit(Transaction([.push(item)]))
        }
        guard let row = try await self.store.item(run) else {
            throw FlowError(.cannotRun, "run '\(self.names.run)' was deleted while it began: run it again")
        }
        let record = try row.payload.decode(as: Record.self)
        guard record == self.record else {
            let change = record.graph == self.record.graph ? "its nodes have changed" : "it was graph '\(record.graph)'"
            throw FlowError(
                .cannotRun,
                """
                run '\(self.names.run)' began with another graph, \(change): let it end with that, or choose a new name
                """
            )
        }
        if row.state == .completed { return nil }
        let request = ReserveRequest(queue: self.names.run, choice: .key("run"), waits: false)
        guard let leased = try await self.store.reserve(request).first else {
            throw FlowError(.cannotRun, "run '\(self.names.run)' is going on elsewhere: wait for its end")
        }
        return leased.lease
    }

    private var seats: [DurableSeat] {
        var targets = self.nodes.map { [[DurableSeat.Target]](repeating: [], count: max($0.outputs.count, 2)) }
        for (place, node) in self.nodes.enumerated() {
            // Who keeps rows would wait for room that he takes himself.
            let isBounded = node.kind == .processor || node.kind == .sink
            // The rows that say that somebody has ended are kept until all have.
            let ends = node.inlets.reduce(0) { $0 + $1.sources.count }
            let capacity = isBounded ? DurableSeat.rows + ends : nil
            for (inlet, planned) in node.inlets.enumerated() {
                for source in planned.sources {
                    let target = DurableSeat.Target(
                        queue: self.names.queue(of: place),
                        inlet: inlet,
                        capacity: capacity
                    )
                    targets[source.node][source.port].append(target)
                }
            }
        }
        return self.nodes.enumerated().map { place, node in
            let seat = NodeSeat(node, bell: Bell(), doors: [], targets: [], self.settings)
            let sources = node.inlets.map(\.sources.count)
            return DurableSeat(seat, self.store, self.names, place, sources: sources, targets: targets[place])
        }
    }
}

/// Where what comes out of a graph goes into a queue, each item once.
private struct OutputNode<Output: GraphItem>: Sendable {
    let queue: Queue<Output>
    let run: String

    func planned(_ sources: [PortID]) -> PlannedNode {
        let inlet = PlannedInlet(of: Output.self, from: sources, maximumSize: 1)
        return PlannedNode("output", .sink, inlets: [inlet], outputs: [nil]) { _ in
        } runDurably: { seat in
            try await self.run(seat)
        }
    }

    func run(_ seat: DurableSeat) async throws {
        let coder = try ItemCoder<Output>(for: "output")
        var reader = DurableReader(seat)
        let stored = try await seat.position
        var count = stored ?? 0
        var isFirst = stored == nil
        while let rows = try await reader.next() {
            var transaction = Transaction()
            for item in try rows.flatMap({ try coder.decode($0.payload) }).compactMap(\.item) {
                NodeCounters.count(seat.node.counters.taken)
                try transaction.push(item, key: "\(self.run):\(count)", to: self.queue)
                count += 1
            }
            let position = try seat.come(to: count, isFirst: isFirst)
            isFirst = false
            try await seat.commit(transaction.operations + position, consuming: rows.map(\.lease))
        }
        try await seat.commit(seat.end, consuming: reader.ends.map(\.lease))
    }
}

extension PlannedNode {
    /// What goes through it and cannot be stored.
    fileprivate var unstorable: [FlowError] {
        (self.inlets.map(\.type) + self.outputs.compactMap(\.self)).filter {
            $0 != Never.self && !($0 is any GraphItem.Type)
        }
        .map { ItemCoder<Never>.refusal(of: $0, at: self.name) }
    }
}
