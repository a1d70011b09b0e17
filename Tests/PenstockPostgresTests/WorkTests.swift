import Penstock
import PenstockTesting
import Synchronization
import Testing

@testable import PenstockPostgres

@Suite("A user's own rows in a transaction", .serialized, .enabled(if: Server.url != nil), .timeLimit(.minutes(60)))
struct WorkTests {
    private struct Account: Decodable, Equatable {
        let id: Int
        let balance: Int
        let note: String?
    }

    private struct Refusal: Error {}

    private func withStore(_ body: (PostgresStore, String) async throws -> Void) async throws {
        let schemas = Schemas()
        let options = PostgresOptions(schema: schemas.name(of: "place"))
        let environment = RuntimeEnvironment(report: { _ in })
        let store = try await PostgresStore(url: Server.url(), options: options, environment: environment)
        let accounts = "\(options.schema).accounts"
        var transaction = Transaction()
        transaction.postgres(
            "CREATE TABLE \(accounts) (id int PRIMARY KEY, balance int CHECK (balance >= 0), note text)"
        )
        transaction.postgres("INSERT INTO \(accounts) VALUES ($1, 10, $2), (2, 0, NULL)", 1, "it's \"odd\" ü")
        _ = try await store.commit(transaction)
        do {
            try await body(store, accounts)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
        try schemas.drop()
    }

    private func push(_ transaction: inout Transaction) {
        transaction.add(.push(NewItem(queue: "q", payload: Payload(bytes: Array("1".utf8)))))
    }

    private func accounts(_ store: PostgresStore, _ table: String) async throws -> [Account] {
        let seen = Mutex<[Account]>([])
        var transaction = Transaction()
        transaction.postgres { database in
            let rows: [Account] = try database.query("SELECT * FROM \(table) ORDER BY id")
            seen.withLock { $0 = rows }
        }
        _ = try await store.commit(transaction)
        return seen.withLock { $0 }
    }

    private func moving(_ amount: Int, _ table: String) -> Transaction {
        var transaction = Transaction()
        self.push(&transaction)
        transaction.postgres("UPDATE \(table) SET balance = balance + $1 WHERE id = 2", PostgresParameter(amount))
        transaction.postgres("UPDATE \(table) SET balance = balance - $1 WHERE id = 1", PostgresParameter(amount))
        self.push(&transaction)
        return transaction
    }

    @Test func `rows of a user's own and items happen together`() async throws {
        try await self.withStore { store, table in
            _ = try await store.commit(self.moving(7, table))
            let expected = [Account(id: 1, balance: 3, note: "it's \"odd\" ü"), Account(id: 2, balance: 7, note: nil)]
            #expect(try await self.accounts(store, table) == expected)
            #expect(try await store.counts().map(\.ready) == [2])
        }
    }

    @Test func `or none of them does, and the other transactions of the group do`() async throws {
        try await self.withStore { store, table in
            async let good = store.commit(self.moving(4, table))
            async let other = store.commit(self.moving(6, table))
            let error = await #expect(throws: PenstockError.self) {
                _ = try await store.commit(self.moving(40, table))
            }
            _ = try await (good, other)
            #expect(error?.code == .conflict)
            #expect(try await self.accounts(store, table).map(\.balance) == [0, 10])
            #expect(try await store.counts().map(\.ready) == [4])
        }
    }

    @Test func `what throws, what is no SQL and what would end the transaction changes nothing`() async throws {
        try await self.withStore { store, table in
            var thrown = self.moving(1, table)
            thrown.postgres { _ in throw Refusal() }
            var transactions = [thrown]
            for sql in ["COMMIT", "  rollback", "SELECT * FROM nowhere", "no SQL", "SET search_path = x"] {
                var transaction = self.moving(1, table)
                transaction.postgres(sql)
                transactions.append(transaction)
            }
            for transaction in transactions {
                let error = await #expect(throws: PenstockError.self) { _ = try await store.commit(transaction) }
                #expect(error?.code == .conflict)
            }
            let (accounts, counts) = (try await self.accounts(store, table), try await store.counts())
            #expect(accounts.map(\.balance) == [10, 0])
            #expect(counts.allSatisfy { $0.total == 0 })
        }
    }

    @Test func `a handle is of no use after its transaction`() async throws {
        try await self.withStore { store, table in
            let kept = Mutex<Kept?>(nil)
            var transaction = Transaction()
            transaction.postgres { database in kept.withLock { $0 = Kept(database) } }
            _ = try await store.commit(transaction)
            let error = #expect(throws: PenstockError.self) { try kept.withLock(\.self)?.execute("SELECT 1") }
            #expect(error?.code == .unsupported)
        }
    }
}

/// A handle that somebody has kept.
///
/// It is used by one thread after the other, under a lock.
private final class Kept: @unchecked Sendable {
    private let database: PostgresDatabase

    init(_ database: PostgresDatabase) { self.database = database }

    func execute(_ sql: String) throws { _ = try self.database.execute(sql) }
}
