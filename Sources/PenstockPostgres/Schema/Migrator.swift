import Penstock

/// Brings the tables of a schema up to date.
struct Migrator {
    let connection: PostgresConnection
    let schema: PostgresSchema

    /// Makes what is missing, one version after the other, each in a transaction of its own.
    ///
    /// Processes that open a store at the same time do it one after the other, and the later ones find it done.
    func run() throws(PenstockError) {
        do throws(PostgresError) {
            guard try self.version() < self.schema.version else { return }
            let name = self.schema.name
            try self.connection.script(
                """
                BEGIN;
                SELECT pg_advisory_xact_lock(hashtextextended('penstock migration of \(name)', 0));
                CREATE SCHEMA IF NOT EXISTS \(name);
                CREATE TABLE IF NOT EXISTS \(name).migrations (
                    version integer PRIMARY KEY, applied timestamptz NOT NULL
                );
                COMMIT;
                """
            )
            for version in try self.version()..<self.schema.version { try self.apply(version + 1) }
        } catch {
            throw error.asPenstockError()
        }
    }

    /// Refuses tables that are newer than this program, or are not there.
    func check() throws(PenstockError) {
        let version: Int
        do throws(PostgresError) {
            version = try self.version()
        } catch {
            throw error.asPenstockError()
        }
        guard version == self.schema.version else {
            throw PenstockError(
                .storeUnusable,
                version > self.schema.version
                    ? """
                    the tables in schema '\(self.schema.name)' are of version \(version), and this program knows \
                    \(self.schema.version): use a newer one; nothing was changed
                    """
                    : """
                    the tables in schema '\(self.schema.name)' are of version \(version), and this program wants \
                    \(self.schema.version): run what `penstock migrate --print` prints, or let the store do it
                    """
            )
        }
    }

    private func version() throws(PostgresError) -> Int {
        let name = self.schema.name
        let exists = try self.connection.run(
            PostgresStatement("SELECT to_regclass('\(name).migrations') IS NOT NULL", isKept: false),
            PostgresValues()
        )
        guard try exists.bool(0, 0) else { return 0 }
        let rows = try self.connection.run(
            PostgresStatement("SELECT coalesce(max(version), 0) FROM \(name).migrations", isKept: false),
            PostgresValues()
        )
        return Int(try rows.int32(0, 0))
    }

    private func apply(_ version: Int) throws(PostgresError) {
        let name = self.schema.name
        try self.connection.script(
            """
            BEGIN;
            SELECT pg_advisory_xact_lock(hashtextextended('penstock migration of \(name)', 0));
            """
        )
        do throws(PostgresError) {
            if try self.version() < version {
                try self.connection.script(self.schema.migrations[version - 1])
                try self.connection.script("INSERT INTO \(name).migrations VALUES (\(version), now())")
            }
            try self.connection.script("COMMIT")
        } catch {
            if self.connection.isUsable { try self.connection.script("ROLLBACK") }
            throw error
        }
    }
}
