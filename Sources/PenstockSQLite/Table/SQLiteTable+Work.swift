public import Penstock

/// The user's own work.
extension SQLiteTable {
    /// Runs a user's statements inside the current transaction.
    public func perform(_ work: any StoreWork) throws(PenstockError) {
        guard let work = work as? SQLiteWork else {
            throw PenstockError(.unsupported, "a store in a SQLite file cannot do work of kind '\(work.kind)'")
        }
        let database = SQLiteDatabase(self.userStatements)
        self.connection.guardian.isOn = true
        defer {
            self.connection.guardian.isOn = false
            database.invalidate()
        }
        do {
            try work.body(database)
        } catch {
            try self.checkGroup()
            if let error = error as? SQLiteError {
                let translated = error.asPenstockError()
                if translated.code == .storeUnavailable || error.code == .corrupt { throw translated }
            }
            throw PenstockError(
                .conflict,
                "the transaction's own work threw an error: nothing in the transaction was changed",
                cause: error
            )
        }
        try self.checkGroup()
    }

    /// Some failures, and a constraint that says `ON CONFLICT ROLLBACK`, undo more than the statement.
    private func checkGroup() throws(PenstockError) {
        guard self.connection.isIdle else { return }
        throw Self.groupUndone
    }

    /// For the whole group: SQLite has undone it by itself.
    static var groupUndone: PenstockError {
        PenstockError(
            .storeUnavailable,
            """
            a statement undid the whole group of transactions around it, because the disk failed or because a \
            transaction's own SQL says OR ROLLBACK, which it must not; nothing was changed
            """
        )
    }
}
