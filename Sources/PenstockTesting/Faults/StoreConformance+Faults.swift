import Penstock
import Synchronization

/// Promises over a disk that fails.
extension StoreConformance {
    /// Checks one promise of a store in memory whose table fails at one call, or at several in a row.
    ///
    /// The caller of the store tries again what is unavailable. All the rest of the promise has to hold as if nothing
    /// had happened, and after each failure the counts have to equal a count of the rows.
    ///
    /// - Parameters:
    ///   - promise: What to check.
    ///   - call: The number of the first call of the table that fails, from 1.
    ///   - count: How many calls fail.
    ///   - simulation: Where to run, whose body has to be the caller.
    /// - Returns: how many calls have failed; 0 when the promise takes fewer than that.
    public static func check(
        _ promise: ConformanceCase,
        failingAt call: Int,
        calls count: Int = 1,
        in simulation: Simulation
    ) async throws -> Int {
        let disk = MemoryDisk()
        disk.fail(call..<call + count)
        let stores = Mutex<[PatientStore]>([])
        let conformance = StoreConformance(keeps: true) { _, environment in
            let inner = try await environment.patiently { try await disk.open(environment) }
            let store = PatientStore(over: inner)
            stores.withLock { $0.append(store) }
            return store
        }
        try await conformance.check(promise, in: simulation)
        if let discrepancy = stores.withLock({ $0.lazy.compactMap(\.discrepancy).first }) {
            throw ConformanceFailure(discrepancy, file: #fileID, line: #line)
        }
        return disk.failures
    }
}
