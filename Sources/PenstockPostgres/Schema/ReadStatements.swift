import Penstock

/// What a reader says to the server.
struct ReadStatements: Sendable {
    let item: PostgresStatement
    let itemWithKey: PostgresStatement
    let unsettled: PostgresStatement
    let counts: PostgresStatement
    let ended: PostgresStatement
    let nextEnd: PostgresStatement
    let endings: PostgresStatement
    private let journal: PostgresStatement
    private let waiting: PostgresStatement
    private let roots: PostgresStatement
    private let rootsOfQueue: PostgresStatement

    init(_ schema: PostgresSchema) {
        let s = schema.name
        let isSame = "root = $1::bigint AND run = $2::bigint AND step = $3::int"
        self.item = PostgresStatement(
            """
            SELECT \(PostgresRow.columns) FROM \(s).items WHERE \(isSame)
            UNION ALL SELECT \(PostgresRow.settledColumns) FROM \(s).settled WHERE \(isSame)
            """
        )
        let hasKey = """
            (root, run, step) = (SELECT root, root, 0 FROM \(s).keys WHERE queue = $1::text AND key = $2::text)
            """
        self.itemWithKey = PostgresStatement(
            """
            SELECT \(PostgresRow.columns) FROM \(s).items WHERE \(hasKey)
            UNION ALL SELECT \(PostgresRow.settledColumns) FROM \(s).settled WHERE \(hasKey)
            """
        )
        self.unsettled = PostgresStatement(
            "SELECT coalesce(sum(ready + leased + parked), 0)::bigint FROM \(s).counters WHERE queue = $1::text"
        )
        self.counts = PostgresStatement(
            """
            SELECT queue, sum(ready)::bigint, sum(leased)::bigint, sum(parked)::bigint FROM \(s).counters
            GROUP BY queue ORDER BY queue
            """
        )
        (self.ended, self.nextEnd) = (Statements.ended(in: s), Statements.nextEnd(in: s))
        self.endings = Statements.endings(in: s)
        self.journal = Statements.journal(in: s, locks: false)
        self.waiting = Statements.waiting(in: s, locks: false)
        self.roots = Statements.roots(in: s, ofQueue: false)
        self.rootsOfQueue = Statements.roots(in: s, ofQueue: true)
    }

    /// The statement for a page, and its values.
    func page(_ query: ItemQuery) -> (PostgresStatement, PostgresValues) {
        switch query.scope {
        case .waiting: (self.waiting, query.values)
        case .roots(let queue): (queue == nil ? self.roots : self.rootsOfQueue, query.values)
        case .journal: (self.journal, query.values)
        }
    }
}

extension ItemQuery {
    /// The values of the statement for its scope.
    var values: PostgresValues {
        var values = PostgresValues()
        switch self.scope {
        case .waiting(let queue):
            values.append(queue)
            values.append(self.mask)
            values.append(Int32(clamping: self.after?.priority ?? Int(Int32.max)))
            values.append(self.after?.due.milliseconds ?? .min)
            values.append(self.after?.number ?? .min)
            values.append(Int64(self.limit))
        case .roots(let queue):
            values.append(self.after?.id.root ?? .max)
            values.append(self.mask)
            values.append(Int64(self.limit))
            if let queue { values.append(queue) }
        case .journal(let root, let run):
            values.append(root)
            values.append(run)
            values.append(Int32(clamping: self.after?.id.step ?? 0))
            values.append(self.mask)
            values.append(Int64(self.limit))
        }
        return values
    }
}
