import Penstock

/// Rows that SQLite itself cannot read.
extension Quarantine {
    /// Copies what can be read of a row, and removes it.
    ///
    /// SQLite reads a row before it deletes it. Written over it may be without being read, as long as no index has its
    /// columns, and then it can be deleted like any other.
    mutating func takeOut(_ unreadable: UnreadableRow) throws(PenstockError) {
        let (id, columns) = (unreadable.row.id, unreadable.columns.joined(separator: ", "))
        let copy = try self.table.connection.prepare(
            """
            INSERT INTO penstock_quarantine (quarantined, reason, \(columns)) \
            SELECT ?, ?, \(columns) FROM penstock_rows WHERE root = ? AND run = ? AND step = ?
            """
        )
        copy.bind(1, self.now.milliseconds)
        copy.bind(2, unreadable.row.reason)
        copy.bind(id, from: 3)
        try copy.run()
        let empty = try self.table.connection.prepare(
            """
            INSERT OR REPLACE INTO penstock_rows (\(RowQuery.columns)) VALUES \
            (?, ?, ?, 0, 0, NULL, 0, 0, 0, 0, NULL, 0, 0, 0, NULL, NULL, NULL, x'', NULL, 0, 0)
            """
        )
        empty.bind(id, from: 1)
        try empty.run()
        try self.table.delete(id)
        self.tookOut(id)
    }
}
