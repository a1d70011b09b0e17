/// How a store in PostgreSQL behaves.
public struct PostgresOptions: Sendable {
    /// The schema that holds the tables; two schemas of one database are two stores.
    public var schema: String

    /// What the process is called in the list of processes; `nil` is the name of its program and machine.
    public var name: String?

    /// Whether the address leads to a pooler that gives every transaction another session, as pgbouncer does in
    /// transaction mode.
    ///
    /// What is lost then: news from other processes comes when it is asked for, every ``pooledInterval``, instead of at
    /// once; the death of a process is noticed when its lease ends; and statements are sent whole each time.
    public var isPooled: Bool

    /// How often an idle process looks whether there is anything that nobody has told it of.
    public var pollInterval: Duration

    /// The same behind a pooler, where nobody can tell it of anything.
    public var pooledInterval: Duration

    /// How long a broken connection is dialled again before those hear of it who wait for a commit.
    public var patience: Duration

    /// How long after its last sign of life a process counts as dead whose session does not tell.
    public var processLease: Duration

    /// Whether the tables are made, and brought up to date, when the store is opened.
    ///
    /// Without, the role needs no right to create anything; see `penstock migrate --print`.
    public var migrates: Bool

    /// Makes options.
    public init(
        schema: String = "penstock",
        name: String? = nil,
        isPooled: Bool = false,
        pollInterval: Duration = .seconds(10),
        pooledInterval: Duration = .milliseconds(500),
        patience: Duration = .seconds(30),
        processLease: Duration = .seconds(30),
        migrates: Bool = true
    ) {
        self.schema = schema
        self.name = name
        self.isPooled = isPooled
        self.pollInterval = pollInterval
        self.pooledInterval = pooledInterval
        self.patience = patience
        self.processLease = processLease
        self.migrates = migrates
    }
}
