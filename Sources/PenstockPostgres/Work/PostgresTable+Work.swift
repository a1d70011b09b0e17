import Penstock

/// The user's own work.
extension PostgresTable {
    /// Runs a user's statements inside the current transaction, which has a savepoint before them.
    func perform(_ work: any StoreWork) throws(PenstockError) {
        guard let work = work as? PostgresWork else {
            throw PenstockError(.unsupported, "a store in PostgreSQL cannot do work of kind '\(work.kind)'")
        }
        // Whatever the transaction has done so far, its own statements see.
        try self.flush()
        _ = try self.ask(self.statements.plansForUsers, PostgresValues())
        let database = PostgresDatabase(self.connection)
        defer { database.invalidate() }
        do {
            try work.body(database)
        } catch {
            if let error = error as? PenstockError, error.cause is PostgresError, error.code == .storeUnavailable {
                throw error
            }
            throw PenstockError(
                .conflict,
                "the transaction's own work threw an error: nothing in the transaction was changed",
                cause: error
            )
        }
        _ = try self.ask(self.statements.plansForStore, PostgresValues())
    }
}
