import CSQLite
package import Penstock
import PenstockSQLite

/// Runs SQL over a connection of its own, which a store never sees, and returns the first column of each row.
@discardableResult
package func sqlite(_ path: String, in fileSystem: String? = nil, _ sql: String) throws -> [String] {
    var database: OpaquePointer?
    defer { unsafe sqlite3_close_v2(database) }
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    guard unsafe sqlite3_open_v2(path, &database, flags, fileSystem) == SQLITE_OK else {
        throw SQLiteError(.error, message: "cannot open \(path)")
    }
    let rows = Rows()
    let code = unsafe sqlite3_exec(
        database,
        sql,
        { context, _, values, _ in
            guard let context = unsafe context, let values = unsafe values else { return 1 }
            let rows = unsafe Unmanaged<Rows>.fromOpaque(context).takeUnretainedValue()
            unsafe rows.first.append(values[0].map { unsafe String(cString: $0) } ?? "NULL")
            return 0
        },
        Unmanaged.passUnretained(rows).toOpaque(),
        nil
    )
    guard code == SQLITE_OK else {
        throw SQLiteError(.error, message: unsafe String(cString: sqlite3_errmsg(database)), sql: sql)
    }
    return rows.first
}

/// Changes rows as a disk would do it: the indexes stay as they were.
package func changeRows(_ path: String, _ sql: String) throws {
    try sqlite(
        path,
        """
        PRAGMA writable_schema = on; CREATE TEMP TABLE kept AS SELECT * FROM sqlite_schema WHERE type = 'index'; \
        DELETE FROM sqlite_schema WHERE name LIKE 'penstock%' AND type = 'index'; PRAGMA writable_schema = reset; \
        \(sql); \
        PRAGMA writable_schema = on; INSERT INTO sqlite_schema SELECT * FROM kept; PRAGMA writable_schema = reset
        """
    )
}

private final class Rows {
    var first: [String] = []
}

/// A payload of the bytes of a text.
package func payload(_ text: String) -> Payload { Payload(bytes: Array(text.utf8)) }

extension Store {
    /// Pushes an item.
    @discardableResult
    package func push(
        _ text: String,
        key: String? = nil,
        to queue: String = "jobs",
        priority: Int = 0,
        due: Timestamp? = nil
    ) async throws -> ItemID {
        let item = NewItem(queue: queue, key: key, payload: payload(text), priority: priority, due: due)
        let receipt = try await self.commit(Transaction([.push(item)]))
        return receipt.ids[0] ?? ItemID(root: 0, run: 0, step: 0)
    }

    /// Leases up to `limit` items, as many as there are.
    package func lease(_ limit: Int = 1, from queue: String = "jobs") async throws -> [LeasedItem] {
        try await self.reserve(ReserveRequest(queue: queue, limit: limit, waits: false))
    }

    /// Ends a lease.
    package func settle(_ item: LeasedItem, _ settlement: Settlement) async throws {
        _ = try await self.commit(Transaction([.settle(item.lease, settlement)]))
    }

    /// Leases a run, calls one step, and parks it.
    package func startRun(queue: String, calling callee: String, _ argument: String = "1") async throws -> LeasedItem {
        try await self.push("1", to: queue)
        let run = try await self.lease(from: queue)[0]
        try await self.call(1, of: run, callee, argument, and: .settle(run.lease, .park(news: 0)))
        return run
    }

    /// Adds a step to the journal of a run.
    package func call(
        _ step: Int,
        of run: LeasedItem,
        _ callee: String,
        _ argument: String = "1",
        and also: Penstock.Operation...
    ) async throws {
        let id = ItemID(root: run.record.id.root, run: run.record.number, step: step)
        let before = try await self.item(.id(ItemID(root: id.root, run: id.run, step: step - 1)))
        let digest = NewStep.digest(of: callee, payload(argument), after: (before ?? run.record).digest)
        let call = NewStep(id: id, caller: run.record.id, queue: callee, payload: payload(argument), digest: digest)
        _ = try await self.commit(Transaction([.call(call)] + also))
    }
}
