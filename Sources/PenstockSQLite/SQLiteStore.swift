public import Penstock

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A store in a SQLite file, which one process owns as long as it is open.
///
/// Beside the database `app.db` there is `app.db-owner`, whose lock says that somebody owns it. A copy of the two is no
/// backup while the store is open: ``EmbeddedStore/backup(from:to:progress:)`` makes one.
public typealias SQLiteStore = EmbeddedStore<SQLiteRunner>

extension EmbeddedStore where Runner == SQLiteRunner {
    /// Opens a store, making the file if it is not there.
    ///
    /// Its directory has to be.
    /// - Throws: ``PenstockError/Code/storeOwned`` when a process has it open, this one included;
    ///   ``PenstockError/Code/storeUnusable`` when no store can be kept there, and then nothing was written;
    ///   ``PenstockError/Code/storeUnavailable`` when the disk is full or fails.
    public convenience init(
        path: String,
        options: SQLiteOptions = SQLiteOptions(),
        environment: RuntimeEnvironment = RuntimeEnvironment()
    ) async throws(PenstockError) {
        try Schema.checkLibrary()
        let path = try DatabasePath.resolve(path)
        var environment = environment
        let report = environment.report ?? Self.reportToStandardError
        environment.report = report
        let owner = try OwnerFile(database: path, now: environment.clock.now, connections: 2)
        let file = DatabaseFile(path)
        let writer: SQLiteRunner
        do throws(PenstockError) {
            try DatabasePath.create(path)
            writer = try await SQLiteRunner(name: "penstock-writer", owner: owner) { () throws(PenstockError) in
                try SQLiteTable(writing: file, options: options, after: owner, report: report)
            }
        } catch {
            owner.release(isUnused: true)
            throw error
        }
        let reader: SQLiteRunner
        do throws(PenstockError) {
            reader = try await SQLiteRunner(name: "penstock-reader", owner: owner) { () throws(PenstockError) in
                try SQLiteTable(reading: file, report: report)
            }
        } catch {
            await writer.stop()
            owner.release()
            throw error
        }
        do throws(PenstockError) {
            try await self.init(environment: environment, writer: writer, reader: reader, ledger: owner.claims)
        } catch {
            await writer.stop()
            await reader.stop()
            throw error
        }
    }

    /// Tells who has a store open; `nil` when nobody has, or there is none.
    public static func owner(of path: String) throws(PenstockError) -> OwnerDescription? {
        try OwnerFile.owner(ofDatabase: DatabasePath.resolve(path))
    }

    /// Looks through the whole file for damage, and changes nothing.
    ///
    /// It blocks the thread until it is done.
    /// - Throws: ``PenstockError/Code/storeOwned`` when a process has the store open;
    ///   ``PenstockError/Code/storeUnusable`` when the file is not a store at all.
    public static func verify(path: String) throws(PenstockError) -> SQLiteInspection {
        let resolved = try self.existing(path)
        let owner = try OwnerFile(database: resolved, now: LiveClock().now, connections: 0)
        defer { owner.release(isUnused: true) }
        return try SQLiteInspection(of: DatabaseFile(resolved))
    }

    /// Looks through the whole file for damage, and moves the rows that are damaged out of reach.
    ///
    /// They go into the table `penstock_quarantine`, byte for byte, with the reason and the time. What could still be
    /// tried again stays as a dead letter or a diverged run; a run that has lost a step waits as diverged, and can be
    /// restarted or deleted, but never runs again what was recorded. A file that is sound is left as it is.
    ///
    /// It blocks the thread until it is done.
    /// - Throws: ``PenstockError/Code/storeOwned`` when a process has the store open;
    ///   ``PenstockError/Code/storeUnusable`` when more is damaged than rows, and then nothing was changed;
    ///   ``PenstockError/Code/damaged`` when that is what every row rests on.
    public static func quarantine(path: String) throws(PenstockError) -> SQLiteQuarantine {
        let resolved = try self.existing(path)
        let now = LiveClock().now
        let owner = try OwnerFile(database: resolved, now: now, connections: 1)
        let table: SQLiteTable
        do throws(PenstockError) {
            let found = try SQLiteInspection(of: DatabaseFile(resolved))
            guard !found.isSound else {
                owner.release(isUnused: true)
                return SQLiteQuarantine(nothingIn: found)
            }
            table = try SQLiteTable(writing: DatabaseFile(resolved), options: SQLiteOptions(), after: owner) { _ in }
        } catch {
            owner.release(isUnused: true)
            throw error
        }
        defer {
            table.close()
            owner.connectionClosed(hasLostFiles: table.loss != nil)
        }
        return try SQLiteQuarantine(in: table, path: resolved, now: now)
    }

    /// The one name of a file that has to be there.
    static func existing(_ path: String) throws(PenstockError) -> String {
        try Schema.checkLibrary()
        let resolved = try DatabasePath.resolve(path)
        guard unsafe access(resolved, F_OK) == 0 else {
            throw PenstockError(.storeUnusable, "there is no file '\(path)'")
        }
        guard unsafe access(resolved, R_OK) == 0 else {
            let reason = unsafe String(cString: strerror(errno))
            throw PenstockError(.storeUnusable, "'\(path)' cannot be read (\(reason)): let this user read it")
        }
        return resolved
    }

    /// Writes what an operator should not miss to standard error.
    private static func reportToStandardError(_ notice: Notice) {
        guard notice.level != .info else { return }
        let line = Array("\(notice)\n".utf8)
        unsafe _ = line.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
    }
}
