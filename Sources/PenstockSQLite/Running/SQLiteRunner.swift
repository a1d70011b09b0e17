public import Penstock
import PenstockThreads

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A thread of its own for one connection.
///
/// It takes all the jobs that wait whenever it looks, sleeps only when there are none, and uses an idle moment to
/// checkpoint. The table is made on the thread, never leaves it, and is closed on it.
public final class SQLiteRunner: TableRunner {
    private let mailbox = Mailbox<SQLiteTable>()

    /// Starts the thread and opens the table on it.
    ///
    /// Once the table is closed, the owner's file hears of it.
    init(
        name: String,
        owner: OwnerFile,
        open: @escaping @Sendable () throws(PenstockError) -> SQLiteTable
    ) async throws(PenstockError) {
        let mailbox = self.mailbox
        let outcome: Result<Void, PenstockError> = await withCheckedContinuation { opened in
            let code = SystemThread.start(name, stack: 1 << 20) {
                let table: SQLiteTable
                do throws(PenstockError) {
                    table = try open()
                    opened.resume(returning: .success(()))
                } catch {
                    mailbox.stopped()
                    opened.resume(returning: .failure(error))
                    return
                }
                Self.run(mailbox, over: table)
                table.close()
                owner.connectionClosed(hasLostFiles: table.loss != nil)
                mailbox.stopped()
            }
            guard code != 0 else { return }
            opened.resume(
                returning: .failure(PenstockError(.storeUnavailable, "no thread could be started (error \(code))"))
            )
        }
        try outcome.get()
    }

    deinit {
        self.mailbox.stop()
    }

    /// Runs `job` on the thread, soon.
    public func post(_ job: @escaping @Sendable (SQLiteTable) -> Void) -> Bool {
        self.mailbox.add(job)
    }

    /// Finishes what was posted, closes the table, and ends the thread.
    public func stop() async {
        await withCheckedContinuation { self.mailbox.stop($0) }
    }

    private static func run(_ mailbox: Mailbox<SQLiteTable>, over table: SQLiteTable) {
        while true {
            switch mailbox.next(maySleep: !table.wantsCheckpoint) {
            case .jobs(let jobs): for job in jobs { job(table) }
            case .idle: table.checkpoint()
            case .stop: return
            }
        }
    }
}
