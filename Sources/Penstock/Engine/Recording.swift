/// What records a result.
///
/// A result may be made of others: a run hands in what its steps have come to together with what it made of that. When
/// the whole is refused, because one of them is somebody else's by now, the parts are recorded on their own, and the
/// run goes back to its queue to look at what is true.
package struct Recording: Sendable {
    /// What to commit, all or none.
    package var operations: [Operation]
    /// The results that it has taken over.
    package var parts: [Recording] = []
    /// The lease of the run that has made a result of its parts.
    package var run: LeaseReference?

    /// Makes a recording.
    package init(_ operations: [Operation], parts: [Recording] = [], run: LeaseReference? = nil) {
        self.operations = operations
        self.parts = parts
        self.run = run
    }

    /// The same, where the run that called an item has heard of its end and is held under a lease.
    package func heard(of id: ItemID, by lease: LeaseReference) -> Recording {
        let operations = self.operations.map { operation in
            switch operation {
            case .settle(let item, .complete(let result, _)) where item.id == id:
                Operation.settle(item, .complete(result, heardBy: lease))
            case .settle(let item, .fail(let failure, _)) where item.id == id:
                Operation.settle(item, .fail(failure, heardBy: lease))
            default: operation
            }
        }
        return Recording(operations, parts: self.parts, run: self.run)
    }
}
