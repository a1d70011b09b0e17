import Penstock

/// What became of the damage in a store's file.
public struct SQLiteQuarantine: Sendable, Hashable {
    /// How many rows were moved into the table `penstock_quarantine`, byte for byte.
    ///
    /// Rows that were sound go with a root that was not, since nothing is left that they belong to.
    public let moved: Int

    /// What was done, one line each; at most a hundred lines.
    public let actions: [String]

    /// What a look through the whole file finds now: nothing that is wrong.
    public let inspection: SQLiteInspection

    /// Says that a file is sound.
    init(nothingIn found: SQLiteInspection) {
        (self.moved, self.actions, self.inspection) = (0, [], found)
    }

    /// Sets what is damaged in a file aside.
    init(in table: SQLiteTable, path: String, now: Timestamp) throws(PenstockError) {
        (self.moved, self.actions, self.inspection) = try Self.setAside(in: table, path: path, now: now)
    }

    /// Does it in one transaction: all of what is damaged, or nothing.
    private static func setAside(
        in table: SQLiteTable,
        path: String,
        now: Timestamp
    ) throws(PenstockError) -> (Int, [String], SQLiteInspection) {
        let unreadable: [UnreadableRow]
        do throws(PenstockError) {
            unreadable = try UnreadableRow.find(in: table)
            try table.begin()
        } catch {
            throw error.naming(path)
        }
        do throws(PenstockError) {
            // They may be as wrong as the rows, and then neither would a row be found by them nor could it be removed.
            for index in Schema.indexes { try table.connection.execute("DROP INDEX IF EXISTS \(index.name)") }
            var quarantine = Quarantine(table, now: now)
            try quarantine.run(unreadable)
            for index in Schema.indexes { try table.connection.execute(index.sql) }
            let left = try SQLiteInspection(over: table.connection, path: path)
            guard left.isSound else {
                throw Self.tooMuch(path, left.problems.prefix(3).joined(separator: "; "))
            }
            try table.commit()
            return (quarantine.moved, quarantine.actions, left)
        } catch {
            table.rollback()
            // A row is there twice, which an index does not allow.
            if error.code == .conflict { throw Self.tooMuch(path, error.message, cause: error.cause) }
            throw error.naming(path)
        }
    }

    private static func tooMuch(_ path: String, _ left: String, cause: (any Error)? = nil) -> PenstockError {
        PenstockError(
            .storeUnusable,
            """
            '\(path)' is damaged in more than its rows, so nothing was changed: restore a backup, or recover it with \
            sqlite3's '.recover'; what is left is: \(left)
            """,
            cause: cause
        )
    }
}
