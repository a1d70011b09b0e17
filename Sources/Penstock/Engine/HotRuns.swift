import Synchronization

/// The runs that an engine has in memory, within a budget of bytes.
final class HotRuns: Sendable {
    private struct State {
        var runs: [ItemID: HotRun] = [:]
        /// News of runs that are on their way into memory: leased, their journals being read.
        var early: [ItemID: RunNews] = [:]
        var bytes = 0
        /// Runs in the order in which they parked; entries whose run has moved on are passed over.
        var parked: [(id: ItemID, serial: Int)] = []
        var firstParked = 0
        /// When each run parked last.
        var serials: [ItemID: Int] = [:]
        var lastSerial = 0
        var isEvicting = false
    }

    private let budget: Int
    private let replaysAlways: Bool
    private let leavesAtOnce: Atomic<Bool>
    private let environment: RuntimeEnvironment
    private let state = Mutex(State())

    init(budget: Int, replaysAlways: Bool, environment: RuntimeEnvironment) {
        self.budget = budget
        self.replaysAlways = replaysAlways
        self.leavesAtOnce = Atomic(replaysAlways)
        self.environment = environment
    }

    subscript(id: ItemID) -> HotRun? { self.state.withLock { $0.runs[id] } }

    var count: Int { self.state.withLock { $0.runs.count } }
    var bytes: Int { self.state.withLock { $0.bytes } }
    /// How many places there are in the order in which runs have parked, those that were left included.
    var places: Int { self.state.withLock { $0.parked.count } }
    /// All of them, in an order that is the same every time.
    var all: [HotRun] { self.state.withLock { $0.runs.values.sorted { $0.id < $1.id } } }

    /// Enters a run.
    /// - Returns: news that has come since it was leased, which its journal may have been read too early to show; and
    ///   the older of two runs that meet here, which has lost its lease and has not heard of that yet.
    func insert(_ run: HotRun) -> (news: RunNews?, former: HotRun?) {
        self.state.withLock { state in
            if let heir = state.runs[run.id], heir.leased.lease.token > run.leased.lease.token { return (nil, run) }
            let former = state.runs.updateValue(run, forKey: run.id)
            state.bytes += run.bytes - (former?.bytes ?? 0)
            let news = state.early[run.id]
            // The count of an earlier lease would pass for wake-ups that this run has yet to hear of.
            if let news, news.lease.token <= run.leased.lease.token { state.early[run.id] = nil }
            return (news?.lease == run.leased.lease ? news : nil, former)
        }
    }

    /// Finds the run that a piece of news is for; keeps the news if the run is not there yet.
    func run(for news: RunNews) -> HotRun? {
        self.state.withLock { state in
            let run = state.runs[news.id]
            if let run, run.leased.lease.token >= news.lease.token { return run.leased.lease == news.lease ? run : nil }
            let early = state.early[news.id]
            guard (early?.lease.token ?? 0) <= news.lease.token else { return nil }
            state.early[news.id] = news.following(early?.lease == news.lease ? early : nil)
            return nil
        }
    }

    /// Forgets news that was kept for a run that did not come, or has gone.
    func forgetNews(of lease: LeaseReference) {
        self.state.withLock { state in
            guard let early = state.early[lease.id], early.lease.token <= lease.token else { return }
            state.early[lease.id] = nil
        }
    }

    func remove(_ run: HotRun) {
        self.state.withLock { state in
            guard state.runs[run.id] === run else { return }
            state.runs[run.id] = nil
            state.serials[run.id] = nil
            state.bytes -= run.bytes
        }
    }

    /// A run is about to wait.
    func parked(_ run: HotRun) {
        self.state.withLock { state in
            state.lastSerial += 1
            state.serials[run.id] = state.lastSerial
            // Only a budget that is nearly used up needs the order of parking.
            guard state.bytes > self.budget / 2 else { return }
            state.parked.append((run.id, state.lastSerial))
            // Nobody passes them over as long as there is room.
            guard state.parked.count > 1024 + 4 * state.runs.count else { return }
            state.parked.removeAll { state.serials[$0.id] != $0.serial }
            state.firstParked = 0
        }
    }

    /// A run waits; if memory is short, the run that has waited longest leaves.
    func settleDown(_ run: HotRun) {
        if self.leavesAtOnce.load(ordering: .relaxed) {
            self.environment.task { _ = await run.evict() }
            return
        }
        let isShort = self.state.withLock { state in
            guard state.bytes > self.budget, !state.isEvicting else { return false }
            state.isEvicting = true
            return true
        }
        if isShort { self.environment.task { await self.makeRoom() } }
    }

    /// Whether runs that wait may stay in memory from now on, unless they are always replayed.
    func mayStay(_ mayStay: Bool) {
        self.leavesAtOnce.store(self.replaysAlways || !mayStay, ordering: .relaxed)
    }

    private func makeRoom() async {
        while let run = self.longestParked() { _ = await run.evict() }
    }

    /// The next run to leave; `nil`, and an end to evicting, when there is room or nobody to evict.
    private func longestParked() -> HotRun? {
        self.state.withLock { state in
            while state.bytes > self.budget, state.firstParked < state.parked.count {
                let (id, serial) = state.parked[state.firstParked]
                state.firstParked += 1
                if state.firstParked > 1024, state.firstParked * 2 > state.parked.count {
                    state.parked.removeFirst(state.firstParked)
                    state.firstParked = 0
                }
                if state.serials[id] == serial, let run = state.runs[id] { return run }
            }
            state.isEvicting = false
            return nil
        }
    }
}
