public import Penstock

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A backup that was put in place.
public struct SQLiteRestore: Sendable, Hashable {
    /// How many rows the store has now.
    public let items: Int

    /// Where the file is that it took the place of; `nil` when there was none.
    public let replaced: String?
}

extension EmbeddedStore where Runner == SQLiteRunner {
    /// Puts a backup in the place of a store that nobody has open.
    ///
    /// Whoever still holds a lease from before can settle nothing any more, although the rows may be as they were when
    /// it was taken: the store goes on with tokens and numbers greater than any that the backup, the file it replaces,
    /// or the last owner has seen. The file that is replaced is kept beside it under another name. Until the very end
    /// that one is in place, whole.
    ///
    /// It blocks the thread until it is done.
    /// - Throws: ``PenstockError/Code/storeOwned`` when a process has the store open;
    ///   ``PenstockError/Code/damaged`` when the backup is; ``PenstockError/Code/storeUnusable`` when it is none, or
    ///   there is a database of another program in that place.
    public static func restore(
        _ backup: String,
        to path: String,
        progress: (_ copied: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(PenstockError) -> SQLiteRestore {
        let source = try self.existing(backup)
        let resolved = try DatabasePath.resolve(path)
        guard source != resolved else {
            throw PenstockError(.conflict, "'\(backup)' and '\(path)' are the same file: name another one")
        }
        let now = LiveClock().now
        let owner = try OwnerFile(database: resolved, now: now, connections: 0)
        let copy: PartialCopy
        do throws(PenstockError) {
            copy = try PartialCopy(of: resolved)
        } catch {
            owner.release(isUnused: true)
            throw error
        }
        do throws(PenstockError) {
            let found = try self.fill(copy, from: source, progress)
            guard found.isSound else {
                throw PenstockError(
                    .damaged,
                    "the backup '\(backup)' is damaged, so nothing was changed; first of all, \(found.problems[0])"
                )
            }
            let former = try FormerStore(at: resolved)
            let epoch = try Fence(of: copy.path).raise(over: former, owner)
            try copy.takePermissions(of: resolved)
            let replaced = try former.stepAside(now: now)
            try copy.publish(replaces: true)
            // What the last owner was working on is not what the rows in the backup are about.
            owner.takenOver(epoch: epoch)
            owner.release()
            return SQLiteRestore(items: found.items, replaced: replaced)
        } catch {
            copy.discard()
            owner.release(isUnused: true)
            throw error
        }
    }
}
