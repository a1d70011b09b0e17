public import Penstock

extension Store {
    /// Deletes what a store keeps of the durable run of a graph, so that its name can be used for another.
    ///
    /// A run that has completed has left one small row, by which it is known not to be run again; it stays until it is
    /// deleted here. One that was given up before its end has its links there, which go with it: what has come out of
    /// it stays in the queue it came to, and a run under the same name begins anew.
    ///
    /// - Parameter name: The name of the run.
    /// - Returns: `false` when there is no run of this name.
    /// - Throws: ``FlowError`` when somebody runs it just now, or it is another thing that has this name.
    @discardableResult
    public func deleteGraphRun(_ name: String) async throws -> Bool {
        let names = DurableNames(run: name)
        guard let row = try await self.item(names.runReference) else { return false }
        guard let record = try? row.payload.decode(as: DurableRecord.self) else {
            throw FlowError(.cannotRun, "'\(name)' is not the run of a graph: delete it where it was made")
        }
        do throws(PenstockError) {
            let operations = names.clear(nodes: record.nodes.count) + [.pop(names.runReference)]
            _ = try await self.commit(Transaction(operations))
        } catch {
            if error.code == .notFound { return false }
            guard error.code == .conflict else { throw error }
            throw FlowError(.cannotRun, "run '\(name)' is going on: end it, or wait for its end")
        }
        return true
    }
}
