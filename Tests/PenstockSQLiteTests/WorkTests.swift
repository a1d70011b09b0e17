import DiskWorkload
import Penstock
import PenstockSQLite
import Synchronization
import Testing

@Suite("A user's own SQL inside a transaction")
struct WorkTests {
    private static func makeTable(_ store: SQLiteStore) async throws {
        var transaction = Transaction()
        transaction.sql("CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER CHECK (balance >= 0), note)")
        transaction.sql("INSERT INTO accounts (id, balance) VALUES (?, ?), (?, ?)", 1, 10, 2, 0)
        _ = try await store.commit(transaction)
    }

    private static func move(_ amount: Int, and operations: [Penstock.Operation] = []) -> Transaction {
        var transaction = Transaction(operations)
        transaction.sql("UPDATE accounts SET balance = balance + ? WHERE id = 2", SQLiteValue(amount))
        transaction.sql("UPDATE accounts SET balance = balance - ? WHERE id = 1", SQLiteValue(amount))
        return transaction
    }

    @Test("It is kept together with the rest, or undone together with the rest")
    func allOrNone() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        try await Self.makeTable(store)
        let push = Penstock.Operation.push(NewItem(queue: "jobs", key: "a", payload: payload("1")))
        _ = try await store.commit(Self.move(4, and: [push]))
        let other = Penstock.Operation.push(NewItem(queue: "jobs", key: "b", payload: payload("1")))
        let error = await #expect(throws: PenstockError.self) { _ = try await store.commit(Self.move(7, and: [other])) }
        #expect(error?.code == .conflict)
        #expect((error?.cause as? SQLiteError)?.code == .constraint)
        #expect(try await store.item(.key(queue: "jobs", "a")) != nil)
        #expect(try await store.item(.key(queue: "jobs", "b")) == nil)
        await store.close()
        #expect(try sqlite(folder.database, "SELECT balance FROM accounts ORDER BY id") == ["6", "4"])
    }

    @Test("An error of the user's own undoes the transaction and comes back as the cause")
    func ownError() async throws {
        struct Refusal: Error {}
        let folder = try Folder()
        let store = try await openStore(folder.database)
        try await Self.makeTable(store)
        var transaction = Transaction([.push(NewItem(queue: "jobs", key: "a", payload: payload("1")))])
        transaction.sqlite { database in
            let changed = try database.execute("UPDATE accounts SET balance = 99")
            #expect(changed == 2)
            throw Refusal()
        }
        let error = await #expect(throws: PenstockError.self) { _ = try await store.commit(transaction) }
        #expect(error?.code == .conflict)
        #expect(error?.cause is Refusal)
        #expect(try await store.item(.key(queue: "jobs", "a")) == nil)
        await store.close()
        #expect(try sqlite(folder.database, "SELECT balance FROM accounts ORDER BY id") == ["10", "0"])
    }

    @Test("Values of every type go in and come out, Penstock's rows are there to be read")
    func values() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        var transaction = Transaction([.push(NewItem(queue: "jobs", key: "a", payload: payload("[1]")))])
        transaction.sqlite { database in
            let row = try database.query(
                "SELECT ? AS i, ? AS r, ? AS t, ? AS b, ? AS n, ? AS e",
                7,
                1.5,
                "it's",
                .blob([0, 255]),
                nil,
                .blob([])
            )[0]
            #expect(row["i"]?.integer == 7)
            #expect(row["r"]?.real == 1.5)
            #expect(row["t"]?.text == "it's")
            #expect(row["b"]?.blob == [0, 255])
            #expect(row["n"]?.isNull == true)
            #expect(row[5] == .blob([]))
            #expect(row["none"] == nil)
            let item = try database.query("SELECT queue, key, state, payload FROM penstock_items")[0]
            #expect(item.values == ["jobs", "a", "ready", "[1]"])
            #expect(try database.execute("CREATE TABLE mine (id)") == 0)
            #expect(try database.execute("INSERT INTO mine VALUES (1), (2)") == 2)
            #expect(try database.execute("DROP TABLE mine") == 0)
        }
        _ = try await store.commit(transaction)
        await store.close()
    }

    @Test(
        "What would break the promises of a transaction is refused",
        arguments: [
            "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "RELEASE mark", "ROLLBACK TO mark",
            "ATTACH ':memory:' AS other", "DETACH main", "PRAGMA synchronous = OFF", "PRAGMA journal_mode", "VACUUM",
            "UPDATE penstock_rows SET state = 3", "DELETE FROM Penstock_Rows",
            "INSERT INTO penstock_queues (name) VALUES ('x')",
            "UPDATE penstock_meta SET value = 0", "DROP TABLE penstock_rows", "ALTER TABLE penstock_rows ADD COLUMN x",
            "CREATE INDEX mine ON penstock_rows (number)", "DROP INDEX penstock_ready", "DROP VIEW penstock_items",
            "CREATE TRIGGER t AFTER INSERT ON penstock_rows BEGIN SELECT 1; END",
            "CREATE TEMP TABLE penstock_rows (id)", "ANALYZE",
            "SELECT 1; SELECT 2", "", "SELECT ?",
        ]
    )
    func refusals(sql: String) async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        try await store.push("1")
        var transaction = Transaction()
        transaction.sql(sql)
        let error = await #expect(throws: PenstockError.self) { _ = try await store.commit(transaction) }
        #expect(error?.code == .conflict)
        #expect(error?.cause is SQLiteError)
        // The store is as before, and works.
        try await store.push("2")
        #expect(try await store.lease(5).count == 2)
        await store.close()
        #expect(try SQLiteStore.verify(path: folder.database).problems == [])
    }

    @Test("A trigger of the user's own that writes to Penstock's tables is refused when it fires")
    func triggers() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        var transaction = Transaction()
        transaction.sql("CREATE TABLE mine (id)")
        transaction.sql("CREATE TRIGGER t AFTER INSERT ON mine BEGIN DELETE FROM penstock_rows; END")
        _ = try await store.commit(transaction)
        var insert = Transaction()
        insert.sql("INSERT INTO mine VALUES (1)")
        let error = await #expect(throws: PenstockError.self) { _ = try await store.commit(insert) }
        #expect((error?.cause as? SQLiteError)?.code == .refused)
        await store.close()
    }

    @Test("A statement that undoes the whole group fails the group, and the store goes on")
    func wholeGroup() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        try await Self.makeTable(store)
        var transaction = Transaction([.push(NewItem(queue: "jobs", key: "a", payload: payload("1")))])
        transaction.sql("INSERT OR ROLLBACK INTO accounts (id) VALUES (1)")
        let error = await #expect(throws: PenstockError.self) { _ = try await store.commit(transaction) }
        #expect(error?.code == .storeUnavailable)
        try await store.push("2", key: "b")
        #expect(try await store.lease(5).map(\.record.key) == ["b"])
        await store.close()
    }

    @Test func `a statement that undoes the whole group fails it, though its error was swallowed`() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        try await Self.makeTable(store)
        let items = ["a", "b"].map { NewItem(queue: "jobs", key: $0, payload: payload("1")) }
        var transaction = Transaction([.push(items[0])])
        transaction.sqlite { _ = try? $0.execute("INSERT OR ROLLBACK INTO accounts (id) VALUES (1)") }
        transaction.add(.push(items[1]))
        let error = await #expect(throws: PenstockError.self) { _ = try await store.commit(transaction) }
        #expect(error?.code == .storeUnavailable)
        for item in items { #expect(try await store.item(.key(queue: "jobs", item.key ?? "")) == nil) }
        await store.close()
        #expect(try sqlite(folder.database, "SELECT count(*) FROM penstock_rows") == ["0"])
    }

    @Test("A handle that is kept past its closure is refused, not followed")
    func keptHandle() async throws {
        // Only a box like this gets a handle out; the compiler stops every plainer way.
        final class Box: @unchecked Sendable {  // One thread at a time uses it in this test.
            var database: SQLiteDatabase?
        }
        let folder = try Folder()
        let store = try await openStore(folder.database)
        let box = Box()
        var transaction = Transaction()
        transaction.sqlite { box.database = $0 }
        _ = try await store.commit(transaction)
        let error = #expect(throws: SQLiteError.self) { try box.database?.query("SELECT 1") }
        #expect(error?.code == .misuse)
        await store.close()
    }

    @Test("Work of another store's kind is refused")
    func foreignWork() async throws {
        struct Foreign: StoreWork {
            let kind = "foreign"
        }
        let folder = try Folder()
        let store = try await openStore(folder.database)
        let error = await #expect(throws: PenstockError.self) {
            _ = try await store.commit(Transaction([.work(Foreign())]))
        }
        #expect(error?.code == .unsupported)
        await store.close()
    }
}
