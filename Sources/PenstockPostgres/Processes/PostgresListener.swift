import Penstock
import Synchronization

/// The thread that hears of what other processes do, shows them that this one lives, and looks after those that do not.
///
/// It waits on one connection for words from others. What a word says is only where to look; every so often the process
/// looks anyway, with one statement that asks for everything which may concern it.
final class PostgresListener {
    /// What other threads want of it.
    struct Wishes: Sendable {
        var hints = Hints()
        var mustLook = false
        var isStopping = false
        /// The number under which the process is in the list.
        var process: Int64
        /// News that has been told, and can be forgotten.
        var told: [Int64] = []
        /// What the last look has shown of it, so that it is not told twice.
        var known: Set<Int64> = []
        /// Whether the server knows that the process holds something.
        var isKnownBusy = false
    }

    unowned let store: PostgresStore
    private let dialler: Dialler
    private let statements: ListenStatements
    private let wakeup: Wakeup
    private let channel: String
    private var connection: PostgresConnection?
    /// The process for whose number the session holds a lock.
    private var locked: Int64?
    /// Processes that seemed dead when they were looked at last, and since when.
    private var suspects: [Int64: Duration] = [:]
    private var others: Set<Int64> = []
    private var areOthersBusy = false
    private var nextLook = Duration.zero
    private var lastWord = Duration.zero
    private var failures = 0

    init(_ store: PostgresStore, _ dialler: Dialler, _ wakeup: Wakeup) {
        self.store = store
        self.dialler = dialler
        self.wakeup = wakeup
        self.statements = ListenStatements(dialler.schema)
        self.channel = "penstock_\(dialler.schema.name)"
    }

    private var clock: LiveClock { LiveClock() }

    /// Waits and looks until the store is closed.
    func run() {
        while !self.store.listening.withLock({ $0.isStopping }) {
            do throws(PostgresError) {
                try self.turn()
                self.failures = 0
            } catch {
                self.connection?.close()
                (self.connection, self.locked) = (nil, nil)
                self.failures += 1
                // Whatever was said meanwhile was not heard.
                self.nextLook = .zero
                self.rest(for: .milliseconds(min(50 << min(self.failures, 6), 2000)))
            }
        }
        self.connection?.close()
    }

    /// Waits without a connection.
    private func rest(for duration: Duration) {
        let jitter = Int64(self.store.environment.entropy.next() % 50)
        self.wakeup.wait(for: duration + .milliseconds(jitter))
        self.wakeup.clear()
    }

    private func turn() throws(PostgresError) {
        let connection = try self.connected()
        try self.lock(connection)
        if self.clock.uptime >= self.nextLook || self.store.listening.withLock({ $0.mustLook }) {
            try self.look(connection)
        }
        try self.tell(connection)
        let wait = max(self.nextLook - self.clock.uptime, .zero)
        _ = try connection.wait(for: self.wakeup.reader, timeout: min(wait, self.wordsWait ?? wait))
        self.wakeup.clear()
        guard !self.dialler.options.isPooled else { return }
        for notification in try connection.notifications() where notification.pid != connection.backendPID {
            self.heard(notification.payload)
        }
    }

    private func connected() throws(PostgresError) -> PostgresConnection {
        if let connection = self.connection, connection.isUsable { return connection }
        let connection = try self.dialler.dial("listener")
        if !self.dialler.options.isPooled { try connection.script("LISTEN \(self.channel)") }
        self.connection = connection
        return connection
    }

    /// Holds a lock for as long as the session lasts, by which others see that the process lives.
    private func lock(_ connection: PostgresConnection) throws(PostgresError) {
        let process = self.store.listening.withLock { $0.process }
        guard self.locked != process, !self.dialler.options.isPooled else { return }
        // Not waiting for it: a session of this process that broke may still have it, and its end is near.
        guard try connection.run(self.statements.lock, PostgresValues(process)).count == 1 else { return }
        self.locked = process
        // Others have to know of this one before its first word.
        self.store.listening.withLock { $0.hints.isRollCall = true }
    }

    // MARK: Words

    /// How long to wait before the next word, so that many become one; `nil` when there is nothing to say.
    private var wordsWait: Duration? {
        guard !self.store.listening.withLock({ $0.hints.isEmpty }) else { return nil }
        return max(self.lastWord + .milliseconds(20) - self.clock.uptime, .zero)
    }

    private func tell(_ connection: PostgresConnection) throws(PostgresError) {
        guard !self.dialler.options.isPooled, let wait = self.wordsWait, wait == .zero else { return }
        let hints = self.store.listening.withLock { wishes in
            defer { wishes.hints = Hints() }
            return wishes.hints
        }
        // There is nobody to hear it.
        guard !self.others.isEmpty || hints.isRollCall else { return }
        self.lastWord = self.clock.uptime
        var values = PostgresValues()
        values.append(self.channel)
        values.append(hints.word)
        _ = try connection.run(self.statements.notify, values)
    }

    private func heard(_ word: String) {
        guard let hints = Hints(word: word) else {
            self.nextLook = .zero
            return self.store.heardOfEverything()
        }
        if hints.isRollCall || hints.holders.contains(self.store.listening.withLock({ $0.process })) {
            self.nextLook = .zero
        }
        self.store.heard(hints)
    }

    // MARK: Looking

    private func look(_ connection: PostgresConnection) throws(PostgresError) {
        let (process, told) = self.store.listening.withLock { wishes in
            defer { (wishes.mustLook, wishes.told) = (false, []) }
            return (wishes.process, wishes.told)
        }
        if !told.isEmpty {
            var values = PostgresValues()
            values.append(told)
            try connection.send(self.statements.forget, values)
        }
        let isBusy = self.store.holds.count > 0
        var values = PostgresValues()
        values.append(process)
        values.append(self.dialler.options.processLease.wholeMilliseconds)
        values.append(isBusy)
        values.append(self.store.desk.awaited)
        try connection.send(self.statements.look, values)
        guard let rows = try connection.finish().last else { return }
        self.store.noted(isBusy: isBusy)
        try self.see(rows, process)
        let options = self.dialler.options
        let usual = options.isPooled ? options.pooledInterval : options.pollInterval
        let isWatching = !self.suspects.isEmpty || (self.locked != process && !options.isPooled)
        let interval = isWatching ? .seconds(1) : self.areOthersBusy ? min(.seconds(2), usual) : usual
        self.nextLook = self.clock.uptime + interval
    }

    /// Takes in what a look has shown.
    private func see(_ rows: PostgresRows, _ process: Int64) throws(PostgresError) {
        var (isAlive, news): (Bool, [PieceOfNews]) = (false, [])
        var seen: [(process: Int64, isBusy: Bool, isSuspect: Bool)] = []
        for row in 0..<rows.count {
            switch try rows.int32(row, 0) {
            case 0: isAlive = true
            case 1: news.append(try PieceOfNews(rows, row))
            case 2: seen.append((try rows.int64(row, 1), try rows.int64(row, 2) != 0, try rows.int64(row, 3) != 0))
            case 3:
                if try !rows.isNull(row, 1) { self.store.ring(in: .milliseconds(try rows.int64(row, 1))) }
            default: self.store.saw(queue: try rows.text(row, 7), dueIn: .milliseconds(try rows.int64(row, 1)))
            }
        }
        if !isAlive { self.store.wasExpelled(process) }
        // Whoever waits for what others do, and was not told of it, finds out now.
        self.store.lookForEndings()
        self.store.lookForRoom()
        self.store.take(news)
        // What was told is forgotten with the next look, which need not come soon; a full page has more behind it.
        if news.count == 1000 { self.store.listening.withLock { $0.mustLook = true } }
        let others = Set(seen.map(\.process))
        // What was said while nobody seemed to be there, those who have come since have not heard.
        if !others.subtracting(self.others).isEmpty { self.store.listening.withLock { $0.hints.isEverything = true } }
        self.others = others
        self.areOthersBusy = seen.contains(where: \.isBusy)
        self.judge(seen.filter(\.isSuspect).map(\.process))
    }

    /// Declares those dead that have seemed so for a second: a session that broke is made anew sooner.
    private func judge(_ suspects: [Int64]) {
        let now = self.clock.uptime
        let earlier = self.suspects
        self.suspects = [:]
        for process in suspects {
            let since = earlier[process] ?? now
            if now - since >= .milliseconds(900) {
                self.store.rescue(process)
            }
            self.suspects[process] = since
        }
    }
}

/// Something that happened to an item which this process holds, told by another.
struct PieceOfNews {
    /// By which the server knows it.
    let number: Int64
    let lease: LeaseReference
    /// The step that has ended; `nil` when the lease is over.
    let step: Int?

    init(_ rows: PostgresRows, _ row: Int) throws(PostgresError) {
        self.number = try rows.int64(row, 1)
        let id = ItemID(
            root: try rows.int64(row, 2),
            run: try rows.int64(row, 3),
            step: Int(try rows.int64(row, 4))
        )
        self.lease = LeaseReference(id: id, token: try rows.int64(row, 5))
        self.step = try rows.isNull(row, 6) ? nil : Int(try rows.int64(row, 6))
    }
}

/// What the listener says to the server.
struct ListenStatements: Sendable {
    let lock: PostgresStatement
    let look: PostgresStatement
    let forget: PostgresStatement
    let notify = PostgresStatement("SELECT pg_notify($1::text, $2::text)")

    init(_ schema: PostgresSchema) {
        self.lock = Statements.locking(in: schema.name)
        self.look = Statements.looking(in: schema.name)
        self.forget = PostgresStatement("DELETE FROM \(schema.name).news WHERE id = ANY($1::bigint[])")
    }
}
