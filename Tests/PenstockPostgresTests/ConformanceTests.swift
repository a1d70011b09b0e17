import Penstock
import PenstockTesting
import Synchronization
import Testing

@testable import PenstockPostgres

// One after the other: each has connections of its own, of which a server gives only a hundred.
@Suite("What a store promises, in PostgreSQL", .serialized, .enabled(if: Server.url != nil), .timeLimit(.minutes(60)))
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

/// The schemas in which a test keeps its stores.
final class Schemas: Sendable {
    private let names = Mutex<[String: String]>([:])

    /// The schema for a place; the same one for the same place.
    func name(of place: String) -> String {
        self.names.withLock { names in
            if let name = names[place] { return name }
            let name = Server.name()
            names[place] = name
            return name
        }
    }

    func drop() throws {
        let connection = try Server.connect()
        for name in self.names.withLock({ $0.values.sorted() }) {
            try connection.script("DROP SCHEMA IF EXISTS \(name) CASCADE")
        }
        connection.close()
    }
}
