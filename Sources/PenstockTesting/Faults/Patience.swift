import Penstock

extension RuntimeEnvironment {
    /// Does something again and again until the store is available: what a program does that has nobody to tell.
    func patiently<Result: ~Copyable>(_ body: () async throws -> Result) async throws -> Result {
        while true {
            do {
                return try await body()
            } catch let error as PenstockError where error.code == .storeUnavailable {
                try await self.clock.sleep(for: .milliseconds(5))
            }
        }
    }
}

extension Store {
    /// Does something again and again until the store is available.
    func patiently<Result: ~Copyable>(_ body: () async throws -> Result) async throws -> Result {
        try await self.environment.patiently(body)
    }
}
