import Penstock

/// Moves rows that are damaged out of reach, inside a transaction of the caller's.
///
/// - A root whose argument and key are sound becomes a dead letter, or a diverged run when it has called something:
///   only what it has come to was lost, so it can be tried again.
/// - Any other root goes with its whole tree.
/// - A row that cannot be read is taken out with what can be read of it, and is as one whose content is lost.
/// - A step leaves something in its place in the journal at which every replay stops, so that nothing that was recorded
///   runs again, and the run that called it waits as diverged.
struct Quarantine {
    let table: SQLiteTable
    let now: Timestamp
    private(set) var moved = 0
    private(set) var actions: [String] = []
    /// The rows that could not be read, and are out already.
    private var takenOut: Set<ItemID> = []

    /// The most lines.
    private static let lines = 100
    /// The most rows that are dealt with between two queries.
    static let page = 1000

    init(_ table: SQLiteTable, now: Timestamp) {
        self.table = table
        self.now = now
    }

    /// Sets everything aside that is damaged; the rows that cannot be read were looked for before.
    mutating func run(_ unreadable: [UnreadableRow]) throws(PenstockError) {
        // All of them, before anything looks at the columns of rows.
        for row in unreadable { try self.takeOut(row) }
        for row in unreadable { try self.setAside(row.row) }
        var scan = DamageScan(self.table, page: Self.page)
        while let page = try scan.next() {
            for row in page { try self.setAside(row) }
        }
        try self.setOrphansAside()
        try self.fillJournals()
        try self.stopIdleRuns()
    }

    /// Copies a row as it stands.
    /// - Returns: whether it is there.
    private mutating func copy(_ id: ItemID, because reason: String) throws(PenstockError) -> Bool {
        let statement = try self.table.connection.prepare(
            """
            INSERT INTO penstock_quarantine (quarantined, reason, \(RowQuery.columns)) \
            SELECT ?, ?, \(RowQuery.columns) FROM penstock_rows WHERE root = ? AND run = ? AND step = ?
            """
        )
        statement.bind(1, self.now.milliseconds)
        statement.bind(2, reason)
        statement.bind(id, from: 3)
        try statement.run()
        guard self.table.connection.changes > 0 else { return false }
        self.moved += 1
        return true
    }

    /// Moves a row as it stands.
    /// - Returns: whether it was there.
    @discardableResult
    mutating func move(_ id: ItemID, because reason: String) throws(PenstockError) -> Bool {
        if self.takenOut.contains(id) { return true }
        guard try self.copy(id, because: reason) else { return false }
        try self.table.delete(id)
        return true
    }

    /// A row is in quarantine before anybody knows what that means for others.
    mutating func tookOut(_ id: ItemID) {
        self.moved += 1
        self.takenOut.insert(id)
    }

    mutating func note(_ line: String) {
        if self.actions.count < Self.lines { self.actions.append(line) }
    }

    // MARK: Rows that are damaged

    private mutating func setAside(_ row: DamagedRow) throws(PenstockError) {
        if row.id.isRoot {
            try row.isContentSound ? self.keepRoot(row) : self.setTreeAside(row)
        } else if let run = try self.run(row.id.run, in: row.id.root) {
            try self.setStepAside(row, of: run)
        } else {
            if try self.move(row.id, because: row.reason) { self.note("\(row.id.key) is in quarantine") }
        }
    }

    /// Keeps what was asked for, and forgets what it has come to.
    private mutating func keepRoot(_ row: DamagedRow) throws(PenstockError) {
        guard try self.copy(row.id, because: row.reason) else { return }
        let isRun = try !self.ids("root = ? AND run = ? AND step > 0", row.id.root, row.id.root).isEmpty
        let change = RowChange(
            state: isRun ? .diverged : .failed,
            due: self.now,
            attempt: 0,
            token: 0,
            settled: isRun ? nil : self.now,
            result: try self.report("what \(row.id.key) has come to was damaged")
        )
        try self.table.overrule(row.id, change)
        let remedy = isRun ? "waits as diverged: resume, restart or delete it" : "has failed: retry or delete it"
        self.note("what \(row.id.key) has come to was damaged; it \(remedy)")
    }

    /// Takes a root out whose argument or key is lost, and with it everything that it has called.
    private mutating func setTreeAside(_ row: DamagedRow) throws(PenstockError) {
        guard try self.move(row.id, because: row.reason) else { return }
        var count = 0
        try self.repeatWhileItHelps { quarantine throws(PenstockError) in
            let before = count
            for id in try quarantine.ids("root = ?", row.id.root) {
                let reason = "it belongs to \(row.id.key), which was damaged"
                if try quarantine.move(id, because: reason) { count += 1 }
            }
            return count - before
        }
        let rest = count == 0 ? "" : " with the \(count) rows below it"
        self.note("\(row.id.key) was damaged, and is in quarantine\(rest): push or start it again")
    }

    /// Takes a step out of a journal.
    private mutating func setStepAside(_ row: DamagedRow, of run: ItemRecord) throws(PenstockError) {
        let number = try self.number(of: row)
        guard try self.move(row.id, because: row.reason) else { return }
        // The row may lie about its step, but not about the row that it stands behind.
        let isBehind = row.previous.root == row.id.root && row.previous.run == row.id.run
        let place = ItemID(root: row.id.root, run: row.id.run, step: (isBehind ? row.previous.step : 0) + 1)
        if try !self.fill(place, of: run, number: number) {
            // The row had strayed into this journal from another one, or the other way round.
            try self.stop(run, "a step of its journal was damaged, and is set aside")
        }
        try self.cancelSteps(of: number, in: row.id.root)
        self.note("step \(place.step) of \(run.id.key) was damaged, and is in quarantine; \(Self.fate(of: run))")
    }

    static func fate(of run: ItemRecord) -> String {
        run.state.isSettled ? "the run has ended before" : "the run waits as diverged: restart or delete it"
    }
}
