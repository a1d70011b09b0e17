import Penstock

/// Something that the writer does in the transaction of a group, beside the transactions of the group itself.
struct Chore: Sendable {
    /// Does it.
    ///
    /// It may be done more than once before one of its attempts is committed.
    /// - Returns: what is to be done once it is durable.
    let body: @Sendable (PostgresTable) throws(PenstockError) -> @Sendable () -> Void
    /// Hears that it could not be done.
    let failed: @Sendable (PenstockError) -> Void
}
