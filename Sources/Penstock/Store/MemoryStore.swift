import Synchronization

/// A store in memory: the whole of Penstock without a file, for tests and for work that may be lost.
///
/// It keeps every promise of a store but one: nothing survives the process.
public typealias MemoryStore = EmbeddedStore<MemoryRunner>

extension EmbeddedStore where Runner == MemoryRunner {
    /// Makes an empty store.
    public convenience init(environment: RuntimeEnvironment = RuntimeEnvironment()) async {
        await self.init(environment: environment, table: MemoryTable())
    }

    /// Opens a store over a table that may have rows already.
    package convenience init(environment: RuntimeEnvironment, table: sending MemoryTable) async {
        let runner = MemoryRunner(table)
        do throws(PenstockError) {
            try await self.init(environment: environment, writer: runner, reader: runner)
        } catch {
            preconditionFailure("memory cannot fail to be opened: \(error)")
        }
    }
}

/// Runs jobs over a table in memory, on the thread that brings them.
public final class MemoryRunner: TableRunner {
    private let table: Mutex<MemoryTable>

    package init(_ table: sending MemoryTable) {
        self.table = Mutex(table)
    }

    /// Runs `job` now.
    public func post(_ job: @escaping @Sendable (MemoryTable) -> Void) -> Bool {
        self.table.withLock { job($0) }
        return true
    }

    /// Does nothing: there is nothing to finish or to let go of.
    public func stop() async {}
}
