public import Penstock

/// One method of the store that fails, at each of its calls in turn.
extension CrashMatrix {
    /// Runs the program to its end without a fault.
    /// - Returns: how often it calls each method of its store.
    public func callsWithoutFault(
        at place: String,
        under environment: RuntimeEnvironment
    ) async throws -> [FaultyStore.Method: Int] {
        let store = FaultyStore(over: try await self.open(place, environment))
        let script = FaultScript(replay: self.replay)
        let values = try await script.run(self.runs, over: store)
        let calls = FaultyStore.Method.allCases.map { ($0, store.calls(of: $0)) }
        try await self.verify(values, script.main, store.inner)
        await store.close()
        return Dictionary(uniqueKeysWithValues: calls)
    }

    /// Runs the program over a store with a fault, which is mended after a while if it lasts, and checks what it has
    /// come to.
    ///
    /// - Returns: how many calls have failed; 0 when the program made fewer than the fault names.
    /// - Throws: ``ConformanceFailure`` when something was lost, doubled, changed or kept from everybody.
    public func check(
        _ fault: FaultyStore.Fault,
        at place: String,
        under environment: RuntimeEnvironment
    ) async throws -> Int {
        let store = FaultyStore(over: try await self.open(place, environment), fault: fault)
        let script = FaultScript(replay: self.replay)
        let repair = Task(executorPreference: environment.scheduler) { try await self.mend(store) }
        defer { repair.cancel() }
        let values = try await script.run(self.runs, over: store)
        if fault.lasts, store.injected > 0 { try await repair.value }
        try await self.verify(values, script.main, store.inner)
        try Self.checkAcknowledged(store.acknowledged, try await StoreBench(over: store.inner).content())
        try await Self.checkNothingIsHeld(store.inner)
        await store.close()
        return store.injected
    }

    /// Runs the program over a store with a fault that lasts, cancels it in the middle, and runs it again when the
    /// fault is mended, over the same store: the first one has to end, and to leave nothing behind that only it had.
    ///
    /// - Returns: how many calls have failed.
    public func checkCancelled(
        _ fault: FaultyStore.Fault,
        at place: String,
        under environment: RuntimeEnvironment
    ) async throws -> Int {
        let store = FaultyStore(over: try await self.open(place, environment), fault: fault)
        let script = FaultScript(replay: self.replay)
        let isOver = Flag()
        let first = Task(executorPreference: environment.scheduler) {
            defer { isOver.set() }
            _ = try await script.run(self.runs, over: store)
        }
        while store.injected == 0, !isOver.isSet { try await environment.clock.sleep(for: .milliseconds(10)) }
        try await environment.clock.sleep(for: .milliseconds(50))
        first.cancel()
        for _ in 0..<600 where !isOver.isSet { try await environment.clock.sleep(for: .milliseconds(100)) }
        try expect(isOver.isSet, "a program that was cancelled ends within a minute, although \(fault)")
        store.mend()
        let bench = StoreBench(over: store.inner)
        let (rows, effects) = (try await bench.content(), script.main.world.all)
        try await bench.checkCounts()
        try Self.checkAcknowledged(store.acknowledged, rows)
        // Crates go when they are taken off.
        let before = rows.filter { $0.value.queue != "ferry" }
        let values = try await script.run(self.runs, over: store)
        try await self.verify(values, script.main, store.inner, before: before, effects: effects, crashes: 1)
        try await Self.checkNothingIsHeld(store.inner)
        await store.close()
        return store.injected
    }

    /// Mends a store a while after it has begun to fail, and looks meanwhile for what was acknowledged.
    private func mend(_ store: FaultyStore) async throws {
        let clock = store.environment.clock
        while store.injected == 0 { try await clock.sleep(for: .milliseconds(10)) }
        try await clock.sleep(for: .milliseconds(100))
        defer { store.mend() }
        let acknowledged = store.acknowledged
        try Self.checkAcknowledged(acknowledged, try await StoreBench(over: store.inner).content())
    }

    /// Expects that no lease is left over from a program that has ended.
    private static func checkNothingIsHeld(_ store: any Store) async throws {
        for count in try await store.counts() {
            try expect(count.leased, is: 0, "how many items of '\(count.queue)' are held by a program that has ended")
        }
    }
}
