public import Penstock

/// The rows of a store in a SQLite file, over one connection that one thread uses.
///
/// There are two over each file. One writes, and it alone checkpoints. The other reads and never does. That matters
/// beyond tidiness: in SQLite 3.7.0 to 3.51.2 a connection that resets the write-ahead log can race with another one
/// that writes or checkpoints, and the database is corrupted. With a single connection that does either, there is
/// nobody to race with.
public final class SQLiteTable: ItemTable {
    /// How often the file has been opened for writing, this time included.
    public internal(set) var epoch: Int64 = 0

    var path: String { self.file.path }
    private let file: DatabaseFile
    private let options: SQLiteOptions
    let isWriter: Bool
    let report: @Sendable (Notice) -> Void

    private(set) var connection: SQLiteConnection
    var statements = [SQLiteStatement?](repeating: nil, count: RowQuery.allCases.count)
    private(set) var userStatements: UserStatements
    /// Whether the connection has seen a failure after which nothing may be tried on it again.
    private(set) var isBroken = false
    /// What tells that the files were replaced; `nil` before they are taken over, and for a connection that reads.
    private var watch: FileWatch?
    /// Why nothing is written any more, if that is so.
    private(set) var loss: PenstockError?
    var names = QueueNames()
    var numbers = NumberBlock()
    private var checkpoints: CheckpointPolicy

    /// Opens a connection that reads.
    package convenience init(
        reading file: DatabaseFile,
        report: @escaping @Sendable (Notice) -> Void
    ) throws(PenstockError) {
        let connection = try SQLiteConnection(file)
        try connection.configureReader()
        self.init(file, SQLiteOptions(), connection, isWriter: false, report)
    }

    /// Opens the connection that writes, and settles what the last owner left behind.
    package convenience init(
        writing file: DatabaseFile,
        options: SQLiteOptions,
        after owner: any LastClaims,
        report: @escaping @Sendable (Notice) -> Void
    ) throws(PenstockError) {
        try Schema.check(SQLiteConnection.visiting(file), path: file.path)
        let connection = try SQLiteConnection(file)
        try connection.configureWriter(options)
        try connection.renewLog()
        try Schema.migrate(connection)
        connection.lengthenLog(to: options.logBytes)
        self.init(file, options, connection, isWriter: true, report)
        try self.takeOver(from: owner)
        self.watch = FileWatch(database: file.path)
        if connection.hasMoved { throw self.lost(file.path) }
    }

    /// Looks around through a connection that somebody else opened and configured.
    convenience init(inspecting connection: SQLiteConnection, path: String) {
        self.init(DatabaseFile(path), SQLiteOptions(), connection, isWriter: false) { _ in }
    }

    private init(
        _ file: DatabaseFile,
        _ options: SQLiteOptions,
        _ connection: SQLiteConnection,
        isWriter: Bool,
        _ report: @escaping @Sendable (Notice) -> Void
    ) {
        self.file = file
        self.options = options
        self.checkpoints = CheckpointPolicy(idleFrames: options.idleFrames)
        self.connection = connection
        self.userStatements = UserStatements(connection)
        self.isWriter = isWriter
        self.report = report
    }

    // MARK: Groups

    /// Begins a group of transactions, on a new connection if the last one has failed.
    public func begin() throws(PenstockError) {
        try self.checkFiles()
        if self.isBroken { try self.reconnect() }
        try self.statement(.begin).run()
    }

    /// Makes the group durable.
    ///
    /// After a failure the connection is not used again. The kernel may have dropped the pages that it could not
    /// write, so a second attempt to make them durable could succeed without them.
    public func commit() throws(PenstockError) {
        do throws(PenstockError) {
            try self.statement(.commit).run()
        } catch {
            self.isBroken = true
            throw error
        }
        self.names.groupEnded(undone: false)
        self.numbers.groupEnded(undone: false)
        // What went into a file that was replaced meanwhile is not acknowledged.
        if let changed = self.watch?.changedDatabase { throw self.leave(changed) }
        self.checkpoints.committed(frames: self.connection.framesInLog)
        if self.checkpoints.isUrgent { self.checkpoint() }
    }

    /// Undoes the group.
    ///
    /// When even that fails the connection is given up, which undoes it too.
    public func rollback() {
        self.names.groupEnded(undone: true)
        self.numbers.groupEnded(undone: true)
        guard !self.connection.isIdle else { return }
        do throws(PenstockError) {
            try self.statement(.rollback).run()
        } catch {
            self.isBroken = true
        }
    }

    private func reconnect() throws(PenstockError) {
        self.letGo()
        let connection = try SQLiteConnection(self.file)
        try connection.configureWriter(self.options)
        if connection.hasMoved { throw self.lost(self.path) }
        try self.checkFiles()
        self.connection = connection
        self.userStatements = UserStatements(connection)
        self.isBroken = false
        self.report(Notice(.info, "'\(self.path)' was opened again after a failure"))
    }

    /// Marks a place inside the group.
    public func savepoint() throws(PenstockError) {
        try self.statement(.savepoint).run()
        self.names.savepoint()
        self.numbers.savepoint()
    }

    /// Undoes everything since the mark.
    public func rollbackToSavepoint() throws(PenstockError) {
        guard !self.connection.isIdle else { throw Self.groupUndone }
        self.names.rolledBackToSavepoint()
        self.numbers.rolledBackToSavepoint()
        try self.statement(.rollbackToSavepoint).run()
        try self.statement(.releaseSavepoint).run()
    }

    /// Keeps everything since the mark.
    public func releaseSavepoint() throws(PenstockError) {
        try self.statement(.releaseSavepoint).run()
    }

    // MARK: The files

    /// Makes sure that what is written is what the path leads to.
    private func checkFiles() throws(PenstockError) {
        if let loss = self.loss { throw loss }
        if let changed = self.watch?.changed { throw self.leave(changed) }
    }

    /// Leaves the files, because one is not there any more or is another one.
    private func leave(_ file: String) -> PenstockError {
        let loss = self.lost(file)
        // The log must not be taken for that of the new file, and belongs into the old one, wherever that is now.
        if self.watch?.isOwned == true, !self.isBroken, self.connection.isIdle {
            do throws(PenstockError) {
                let isEmpty = try self.connection.checkpoint(truncating: true)
                if !isEmpty { self.reportLogLeft("somebody is reading") }
            } catch {
                self.reportLogLeft("\(error)")
            }
        }
        return loss
    }

    private func reportLogLeft(_ reason: String) {
        self.report(
            Notice(
                .error,
                """
                '\(self.path)-wal' is a part of the file that was moved or replaced, and could not be put into it \
                (\(reason)): move it to that file before anybody opens the new one
                """
            )
        )
    }

    /// Ends all writing, because a file is not there any more or is another one.
    private func lost(_ file: String) -> PenstockError {
        let loss = PenstockError(
            .storeClosed,
            """
            '\(file)' was moved, deleted or replaced while the store was open, so this process writes no more: end \
            it, and start it again; a backup is put in place with 'penstock restore', while no process has it open
            """
        )
        self.loss = loss
        self.report(Notice(.error, loss.message))
        return loss
    }

    // MARK: The write-ahead log

    /// Whether the log is long enough that an idle moment should be used.
    package var wantsCheckpoint: Bool { self.isWriter && !self.isBroken && self.loss == nil && self.checkpoints.isDue }

    /// Copies the log into the database as far as no reader is in the way.
    package func checkpoint() {
        do throws(PenstockError) {
            _ = try self.connection.checkpoint(truncating: false)
            self.checkpoints.tried()
        } catch {
            self.isBroken = true
            self.report(Notice(.error, "'\(self.path)' could not be checkpointed; it will be tried again: \(error)"))
        }
    }
}
