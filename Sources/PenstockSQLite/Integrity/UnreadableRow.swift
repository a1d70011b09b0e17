import Penstock

/// A row that SQLite itself cannot read, because a bit says that a column is of another type or length.
///
/// Its address stands before everything else in it, so it is still found by that.
struct UnreadableRow {
    let row: DamagedRow
    /// The columns that can be read.
    ///
    /// Those that come after the one that is wrong may read as something else.
    let columns: [Substring]

    /// Finds all such rows; up to a thousand, and of more the look at what is left will complain.
    ///
    /// It has to be done outside of a transaction: inside of one, SQLite writes nothing any more once it has seen that
    /// something is damaged.
    static func find(in table: SQLiteTable) throws(PenstockError) -> [UnreadableRow] {
        var found: [UnreadableRow] = []
        var place = ItemID(root: .min, run: .min, step: .min)
        while found.count < Quarantine.page, let row = try self.first(after: place, in: table) {
            place = row.id
            found.append(UnreadableRow(row: row, columns: try self.columns(of: row.id, in: table)))
        }
        return found
    }

    /// Walks along the rows until one cannot be read.
    private static func first(after start: ItemID, in table: SQLiteTable) throws(PenstockError) -> DamagedRow? {
        let rows = try table.statement(.allAfter)
        defer { rows.reset() }
        rows.bind(start, from: 1)
        rows.bind(4, -1)
        var place = start
        do throws(PenstockError) {
            while try rows.step() { place = rows.id }
            return nil
        } catch  where error.code == .storeUnusable {
            guard let id = try self.address(after: place, in: table) else { throw error }
            let reason = "item \(id.key) cannot be read"
            return DamagedRow(id: id, reason: reason, isContentSound: false, previous: place)
        }
    }

    /// The address of the next row, without its columns.
    private static func address(after place: ItemID, in table: SQLiteTable) throws(PenstockError) -> ItemID? {
        let statement = try table.connection.prepare(
            """
            SELECT root, run, step FROM penstock_rows WHERE (root, run, step) > (?, ?, ?) ORDER BY root, run, step \
            LIMIT 1
            """
        )
        defer { statement.reset() }
        statement.bind(place, from: 1)
        return try statement.step() ? statement.id : nil
    }

    private static func columns(of id: ItemID, in table: SQLiteTable) throws(PenstockError) -> [Substring] {
        var columns: [Substring] = []
        for column in RowQuery.columns.split(separator: ", ") {
            let statement = try table.connection.prepare(
                "SELECT \(column) FROM penstock_rows WHERE root = ? AND run = ? AND step = ?"
            )
            defer { statement.reset() }
            statement.bind(id, from: 1)
            do throws(PenstockError) {
                if try statement.step() { columns.append(column) }
            } catch  where error.code == .storeUnusable {
                // This is one of those that cannot be read, and it stays empty in quarantine.
                continue
            }
        }
        return columns
    }
}
