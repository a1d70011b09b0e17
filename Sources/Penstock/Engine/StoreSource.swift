/// Where an engine gets its store from.
///
/// Modules add ways of their own: `.sqlite(path:)` is in PenstockSQLite.
public struct StoreSource: Sendable {
    let open: @Sendable (RuntimeEnvironment) async throws(PenstockError) -> any Store
    /// Whether the engine closes the store when it is closed itself.
    let isOwned: Bool

    /// Makes a source that opens a store for the engine, which closes it.
    public init(open: @escaping @Sendable (RuntimeEnvironment) async throws(PenstockError) -> any Store) {
        self.open = open
        self.isOwned = true
    }

    private init(_ store: any Store) {
        self.open = { _ in store }
        self.isOwned = false
    }

    /// A store in memory, which is gone with the engine.
    public static var memory: StoreSource {
        StoreSource { environment in await MemoryStore(environment: environment) }
    }

    /// A store that is open already; whoever opened it closes it.
    public static func open(_ store: any Store) -> StoreSource {
        StoreSource(store)
    }
}
