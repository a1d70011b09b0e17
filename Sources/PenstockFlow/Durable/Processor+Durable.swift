public import Penstock

extension Processor {
    /// Takes rows, and commits what they have come to, until all that send to it have ended.
    @inlinable
    func run(_ seat: DurableSeat) async throws {
        let input = try ItemCoder<Input>(for: self.name)
        let output = Output.self == Never.self ? nil : try ItemCoder<Output>(for: self.name)
        let failures = self.errorPolicy == .route ? try ItemCoder<FailedItem<Input>>(for: self.name) : nil
        var reader = DurableReader(seat)
        while let rows = try await reader.next() {
            let parts = try rows.map { try input.decode($0.payload).filter { !seat.node.passesOver($0) } }
            var results = try await self.work(Array(parts.joined()), seat.node)[...]
            var (outputs, failed) = ([Envelope<Output>](), [Envelope<FailedItem<Input>>]())
            var done: [LeaseReference] = []
            for (place, (row, part)) in zip(rows, parts).enumerated() {
                for result in results.prefix(part.count) {
                    if let one = try self.settle(result, seat.node, &outputs) { failed.append(one) }
                }
                results = results.dropFirst(part.count)
                done.append(row.lease)
                // What a few rows have come to may be more than a transaction can hold.
                guard outputs.count >= seat.batch || place + 1 == rows.count else { continue }
                var operations: [Operation] = []
                if let output { operations += try seat.push(outputs, port: 0, output) }
                if let failures { operations += try seat.push(failed, port: 1, failures) }
                try await seat.commit(operations, consuming: done)
                (outputs, failed, done) = ([], [], [])
            }
        }
        try await seat.commit(seat.end, consuming: reader.ends.map(\.lease))
    }

    /// Works on items, as many at the same time as it has workers.
    /// - Returns: what they have come to, in their order.
    @inlinable
    func work(
        _ envelopes: [Envelope<Input>],
        _ seat: NodeSeat
    ) async throws -> [WorkResult<Input, Output>] {
        var results = [WorkResult<Input, Output>?](repeating: nil, count: envelopes.count)
        guard self.workers > 1 else {
            for (place, envelope) in envelopes.enumerated() {
                if seat.interruption.isSet { throw seat.interruption.stop }
                results[place] = await self.work(envelope, seat)
                // Nothing that comes after it would count.
                if self.errorPolicy == .fail, results[place]?.error != nil { break }
            }
            return results.compactMap(\.self)
        }
        await withTaskGroup(of: (Int, WorkResult<Input, Output>).self) { group in
            for (place, envelope) in envelopes.enumerated() {
                if place >= self.workers, let (done, result) = await group.next() { results[done] = result }
                group.addTask { (place, await self.work(envelope, seat)) }
            }
            for await (done, result) in group { results[done] = result }
        }
        return results.compactMap(\.self)
    }

    /// Counts an item, and adds what it has come to.
    /// - Returns: the item, if it has failed and goes on as such.
    /// - Throws: what fails the run.
    @inlinable
    func settle(
        _ result: WorkResult<Input, Output>,
        _ seat: NodeSeat,
        _ outputs: inout [Envelope<Output>]
    ) throws -> Envelope<FailedItem<Input>>? {
        let lineage = result.envelope.lineage
        if result.envelope.item != nil { NodeCounters.count(seat.counters.taken) }
        if result.outputs.isEmpty, seat.tellsOfDropped { outputs.append(Envelope(nil, lineage)) }
        outputs += result.outputs
        for _ in result.outputs { NodeCounters.count(seat.counters.put) }
        guard let error = result.error, let item = result.envelope.item else { return nil }
        if self.errorPolicy == .fail || error is CancellationError { throw seat.failure(error, lineage) }
        seat.counters.lost(isSentOn: self.errorPolicy == .route)
        guard self.errorPolicy == .route else { return nil }
        return Envelope(FailedItem(node: self.name, item: item, lineage: lineage, error: error), lineage)
    }
}

extension Gather {
    /// Takes rows and keeps them, until all that send to it have ended; then commits what they have come to.
    ///
    /// The rows stay in the store until then, so what was gathered need not be stored beside them.
    @inlinable
    func run(_ seat: DurableSeat) async throws {
        let (input, output) = (try ItemCoder<Input>(for: self.name), try ItemCoder<Output>(for: self.name))
        var reader = DurableReader(seat)
        var (state, kept) = (self.initial, [LeaseReference]())
        while let rows = try await reader.next() {
            for envelope in try rows.flatMap({ try input.decode($0.payload) }) {
                guard let item = envelope.item else { continue }
                NodeCounters.count(seat.node.counters.taken)
                do {
                    try self.add(&state, item)
                } catch {
                    throw seat.node.failure(error, envelope.lineage)
                }
            }
            kept += rows.map(\.lease)
        }
        var outputs: [Envelope<Output>] = []
        do {
            try await self.finish(state) { outputs.append(Envelope($0, Lineage(outputs.count))) }
        } catch {
            throw seat.node.failure(error)
        }
        for _ in outputs { NodeCounters.count(seat.node.counters.put) }
        let operations = try seat.push(outputs, port: 0, output) + seat.end
        try await seat.finish(operations, consuming: kept + reader.ends.map(\.lease))
    }
}
