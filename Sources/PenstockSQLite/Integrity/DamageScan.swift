import Penstock

/// A row that is not what was stored.
struct DamagedRow {
    let id: ItemID
    /// What is wrong, in words.
    let reason: String
    /// Whether the damage is only in what a settlement writes.
    let isContentSound: Bool
    /// The row before it in the file.
    let previous: ItemID
}

/// A walk through all the rows in the order in which they are filed, page by page, that finds those that are damaged.
///
/// Between two pages rows may be changed.
struct DamageScan {
    private let table: SQLiteTable
    private var chains = JournalChains()
    private var place = ItemID(root: .min, run: .min, step: .min)

    /// How many rows are looked at before the caller may act on what was found.
    private let page: Int

    /// How many damaged rows are found before the caller has to act on them.
    private static let limit = 100

    init(_ table: SQLiteTable, page: Int) {
        self.table = table
        self.page = page
    }

    /// Looks through the next rows.
    /// - Returns: those that are damaged, if any; `nil` when there are no more rows.
    mutating func next() throws(PenstockError) -> [DamagedRow]? {
        let rows = try self.table.statement(.allAfter)
        defer { rows.reset() }
        rows.bind(self.place, from: 1)
        rows.bind(4, self.page)
        var damaged: [DamagedRow] = []
        var count = 0
        let start = self.place
        while damaged.count < Self.limit, try rows.step() {
            count += 1
            let (id, previous) = (rows.id, self.place)
            self.place = id
            guard let reason = try self.complaint(about: rows) else { continue }
            let isContentSound = self.table.isContentSound(rows)
            damaged.append(DamagedRow(id: id, reason: reason, isContentSound: isContentSound, previous: previous))
        }
        guard count > 0 else { return nil }
        guard self.place > start else {
            throw PenstockError(
                .storeUnusable,
                "the rows are not in order: restore a backup, or use sqlite3's '.recover'"
            )
        }
        return damaged
    }

    /// What is wrong with the row at which a statement stands, if anything is.
    private mutating func complaint(about row: SQLiteStatement) throws(PenstockError) -> String? {
        let record: ItemRecord
        do throws(PenstockError) {
            record = try self.table.record(row)
        } catch  where error.code == .damaged {
            self.chains.lose(row.id)
            return "item \(row.id.key) is not what was stored, or its queue is not"
        }
        // Where a row before is missing or damaged, that is the complaint.
        if let digest = self.chains.digest(of: record, in: record.queue), digest != record.digest {
            self.chains.lose(row.id)
            return "item \(record.id.key) does not go on from the step before it in its journal"
        }
        self.chains.follow(record)
        return nil
    }
}
