import Foundation
import Penstock
import PenstockSQLite
import PenstockTesting
import Synchronization
import Testing

@Suite("What a store promises, in SQLite", .timeLimit(.minutes(60)))
struct ConformanceTests {
    @Test(arguments: StoreConformance.cases)
    func `the store in a file keeps its promise`(_ promise: ConformanceCase) async throws {
        let folder = try ConformanceFolder()
        let conformance = StoreConformance(keeps: true) { place, environment in
            try await SQLiteStore(path: folder.path(place), environment: environment)
        }
        try await conformance.check(promise)
        folder.remove()
    }
}

@Suite("A process that dies at every call of its store in a file", .timeLimit(.minutes(60)))
struct FileCrashMatrixTests {
    @Test func `dies before every call and after every call, and comes to the same`() async throws {
        let folder = try ConformanceFolder()
        let matrix = CrashMatrix { place, environment in try await folder.reopen(place, environment) }
        // Retries wait for half a second and more, which a matrix of hundreds of deaths has no time for.
        let environment = RuntimeEnvironment(clock: HurriedClock(speed: 500), report: { _ in })
        let calls = try await matrix.callsWithoutCrash(at: "whole", under: environment)
        #expect(calls > 50)
        for call in 1...calls {
            for point in [CrashingStore.Point.before(call), .after(call)] {
                try await matrix.check(point, at: "\(point)", under: environment)
            }
        }
        // Two threads take turns as they like, and now and then that saves a call at the end.
        #expect(matrix.deaths > calls)
        await folder.close()
        folder.remove()
    }
}

/// A folder of databases, which goes when it is no longer needed.
private final class ConformanceFolder: Sendable {
    private let url: URL
    /// The stores that were opened last in each place: a process that has died holds nothing, so they are closed before
    /// the next one opens.
    private let stores = Mutex<[String: SQLiteStore]>([:])

    init() throws {
        self.url = FileManager.default.temporaryDirectory.appending(path: "penstock-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.url, withIntermediateDirectories: true)
    }

    func path(_ place: String) -> String {
        let name = place.filter { $0.isLetter || $0.isNumber }
        return self.url.appending(path: "\(name).db").path
    }

    func reopen(_ place: String, _ environment: RuntimeEnvironment) async throws -> SQLiteStore {
        let old = self.stores.withLock { $0.removeValue(forKey: place) }
        await old?.close()
        let store = try await SQLiteStore(path: self.path(place), environment: environment)
        self.stores.withLock { $0[place] = store }
        return store
    }

    func close() async {
        for store in self.stores.withLock({ Array($0.values) }) { await store.close() }
    }

    func remove() {
        try? FileManager.default.removeItem(at: self.url)
    }
}
