/// How an engine behaves.
public struct EngineConfiguration: Sendable {
    /// When a run is rebuilt from its journal.
    public enum Replay: Sendable, Hashable {
        /// After a crash, and when a run was taken out of memory for want of room.
        case whenNeeded
        /// Every time it wakes: what a test of a workflow's determinism wants.
        case always
    }

    /// How many bytes of parked runs stay in memory.
    public var hotBytes: Int

    /// When runs are rebuilt from their journals.
    public var replay: Replay

    /// How often a process may die while it works on an item before the item counts as poisoned, where the pipeline
    /// has no limit of its own.
    public var maximumCrashes: Int

    /// How long a store that cannot write is left alone before the same transaction is handed in again.
    public var storeRetryDelay: Duration

    /// How long activities that are under way may take to end after the engine was told to stop.
    public var drainLimit: Duration

    /// Makes a configuration.
    public init(
        hotBytes: Int = 256 * 1024 * 1024,
        replay: Replay = .whenNeeded,
        maximumCrashes: Int = 10,
        storeRetryDelay: Duration = .seconds(1),
        drainLimit: Duration = .seconds(30)
    ) {
        self.hotBytes = hotBytes
        self.replay = replay
        self.maximumCrashes = maximumCrashes
        self.storeRetryDelay = storeRetryDelay
        self.drainLimit = drainLimit
    }
}
