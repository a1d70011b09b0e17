public import Penstock

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A backup that was made.
public struct SQLiteBackup: Sendable, Hashable {
    /// How many rows it has.
    public let items: Int

    /// How many bytes it has.
    public let bytes: Int
}

extension EmbeddedStore where Runner == SQLiteRunner {
    /// Copies a store into a file of its own, while its owner works on.
    ///
    /// The copy is what one transaction sees, however long it takes. The owner is not held up; its log grows meanwhile
    /// by what it writes. The copy is made durable and looked through for damage before it gets its name, and the
    /// memory that it takes does not depend on its size. Any process may make one, the owner too.
    ///
    /// It blocks the thread until it is done.
    ///
    /// - Parameters:
    ///   - path: The store.
    ///   - destination: The file to be made; there must be none of that name.
    ///   - progress: Hears now and then how many bytes were copied, and how many there are.
    /// - Throws: ``PenstockError/Code/conflict`` when the destination is there already;
    ///   ``PenstockError/Code/damaged`` when the store is; ``PenstockError/Code/storeUnusable`` when it is none, or
    ///   nothing can be written there; ``PenstockError/Code/storeUnavailable`` when the disk is full or fails. In each
    ///   case nothing is left behind.
    public static func backup(
        from path: String,
        to destination: String,
        progress: (_ copied: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(PenstockError) -> SQLiteBackup {
        let resolved = try self.existing(path)
        // A log that is left from another file of the name would be taken for that of the copy.
        for suffix in ["", "-wal", "-journal"] where unsafe access(destination + suffix, F_OK) == 0 {
            throw PartialCopy.exists(destination + suffix)
        }
        let copy = try PartialCopy(of: destination)
        do throws(PenstockError) {
            let found = try self.fill(copy, from: resolved, progress)
            guard found.isSound else {
                throw PenstockError(
                    .damaged,
                    """
                    '\(path)' is damaged, so no backup was made of it: end its owner, and set the damage aside with \
                    'penstock verify --quarantine'; the first problem is: \(found.problems[0])
                    """
                )
            }
            var status = stat()
            guard unsafe stat(copy.path, &status) == 0 else { throw DatabasePath.refused(copy.path, errno) }
            try copy.publish(replaces: false)
            return SQLiteBackup(items: found.items, bytes: Int(status.st_size))
        } catch {
            copy.discard()
            throw error
        }
    }

    /// Fills a copy from a store, and looks through it.
    static func fill(
        _ copy: PartialCopy,
        from path: String,
        _ progress: (Int, Int) -> Void
    ) throws(PenstockError) -> SQLiteInspection {
        do throws(PenstockError) {
            let source = try SQLiteConnection.copying(path)
            try Schema.check(source, path: path)
            try copy.fill(from: source, progress: progress)
            source.close()
        } catch {
            throw error.naming(path)
        }
        return try SQLiteInspection(of: DatabaseFile(copy.path))
    }
}
