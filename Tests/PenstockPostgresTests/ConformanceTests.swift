import Penstock
import PenstockTesting
import Synchronization
import Testing

@testable import PenstockPostgres

// One after the other: each has connections of its own, of which a server gives only a hundred.
@Suite(
    "What a store promises, in PostgreSQL",
    .serialized,
    .enabled(if: Server.url != nil),
    .timeLimit(.minutes(60))
)
struct ConformanceTests {
    @Test(arguments: StoreConformance.cases)
    func `the store in a database keeps its promise`(_ promise: ConformanceCase) async throws {
        let schemas = Schemas()
        let url = try Server.url()
        let conformance = StoreConformance(keeps: true) { place, environment in
            let options = PostgresOptions(schema: schemas.name(of: place))
            return try await PostgresStore(url: url, options: options, environment: environment)
        }
        try await conformance.check(promise)
        try schemas.drop()
    }
}

@Suite(
    "A process that dies at every call of its store in a database",
    .serialized,
    .enabled(if: Server.url != nil),
    .timeLimit(.minutes(60))
)
struct DatabaseCrashMatrixTests {
    @Test func `dies before every call and after every call, and comes to the same`() async throws {
        let schemas = Schemas()
        let matrix = CrashMatrix { place, environment in try await schemas.reopen(place, environment) }
        // Retries wait for half a second and more, which a matrix of hundreds of deaths has no time for.
        let environment = RuntimeEnvironment(clock: HurriedClock(speed: 500), report: { _ in })
        let calls = try await matrix.callsWithoutCrash(at: "whole", under: environment)
        #expect(calls > 50)
        for call in 1...calls {
            for point in [CrashingStore.Point.before(call), .after(call)] {
                try await matrix.check(point, at: "\(point)", under: environment)
                try await schemas.close("\(point)")
            }
        }
        // Two threads take turns as they like, and now and then that saves a call at the end.
        #expect(matrix.deaths > calls)
        try await schemas.close("whole")
    }
}

/// The schemas in which a test keeps its stores.
final class Schemas: Sendable {
    private let names = Mutex<[String: String]>([:])
    /// The stores that were opened last in each place: a process that has died holds nothing, so they are closed before
    /// the next one opens.
    private let stores = Mutex<[String: PostgresStore]>([:])

    /// The schema for a place; the same one for the same place.
    func name(of place: String) -> String {
        self.names.withLock { names in
            if let name = names[place] { return name }
            let name = Server.name()
            names[place] = name
            return name
        }
    }

    func reopen(_ place: String, _ environment: RuntimeEnvironment) async throws -> PostgresStore {
        let old = self.stores.withLock { $0.removeValue(forKey: place) }
        await old?.close()
        let options = PostgresOptions(schema: self.name(of: place))
        let store = try await PostgresStore(url: Server.url(), options: options, environment: environment)
        self.stores.withLock { $0[place] = store }
        return store
    }

    /// Closes the store of a place, and removes its schema.
    func close(_ place: String) async throws {
        let store = self.stores.withLock { $0.removeValue(forKey: place) }
        await store?.close()
        guard let name = self.names.withLock({ $0.removeValue(forKey: place) }) else { return }
        let connection = try Server.connect()
        try connection.script("DROP SCHEMA IF EXISTS \(name) CASCADE")
        connection.close()
    }

    func drop() throws {
        let connection = try Server.connect()
        for name in self.names.withLock({ $0.values.sorted() }) {
            try connection.script("DROP SCHEMA IF EXISTS \(name) CASCADE")
        }
        connection.close()
    }
}
