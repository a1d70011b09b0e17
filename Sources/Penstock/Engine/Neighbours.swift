import Synchronization

/// The engines of this process that work over one store at the moment.
///
/// A store tells its process of news once, whichever engine asks, and the news may be for a run that another engine has
/// in memory: a workflow that is run by hand beside an engine that runs what it calls. So each engine passes news on to
/// all, and those that do not know the run do nothing.
enum Neighbours {
    private static let cores = Mutex<[ObjectIdentifier: [EngineCore]]>([:])

    static func enter(_ core: EngineCore) {
        self.cores.withLock { $0[ObjectIdentifier(core.store), default: []].append(core) }
    }

    static func leave(_ core: EngineCore) {
        self.cores.withLock { cores in
            let id = ObjectIdentifier(core.store)
            cores[id]?.removeAll { $0 === core }
            if cores[id]?.isEmpty == true { cores[id] = nil }
        }
    }

    /// The engines over a store.
    static func over(_ store: any Store) -> [EngineCore] {
        self.cores.withLock { $0[ObjectIdentifier(store), default: []] }
    }
}
