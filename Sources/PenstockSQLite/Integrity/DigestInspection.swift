import Penstock

/// A look through everything that has a digest: rows, queues, the store's own numbers, and the chains of the journals.
struct DigestInspection {
    private let table: SQLiteTable
    private let connection: SQLiteConnection
    /// One line for each thing that is not what was stored; at most a hundred.
    private(set) var found: [String] = []

    /// The most lines.
    private static let limit = 100

    init(of connection: SQLiteConnection, path: String) {
        self.connection = connection
        self.table = SQLiteTable(inspecting: connection, path: path)
    }

    /// Looks through everything, as far as it can be read.
    mutating func look() throws(PenstockError) {
        for key in ["epoch", "next_number"] { try self.note { table throws(PenstockError) in _ = try table.meta(key) } }
        let queues = try self.connection.prepare("SELECT id FROM penstock_queues")
        while self.found.count < Self.limit, try queues.step() {
            let number = queues.integer(0)
            try self.note { table throws(PenstockError) in _ = try table.name(ofQueue: number) }
        }
        try self.inspectRows()
    }

    private mutating func inspectRows() throws(PenstockError) {
        var scan = DamageScan(self.table, page: .max)
        while self.found.count < Self.limit, let page = try scan.next() { self.found += page.map(\.reason) }
    }

    private mutating func note(_ body: (SQLiteTable) throws(PenstockError) -> Void) throws(PenstockError) {
        do throws(PenstockError) {
            try body(self.table)
        } catch  where error.code == .damaged {
            self.found.append(error.message)
        }
    }
}
