public import Penstock

/// The tables, for whoever makes them by hand.
extension PostgresStore {
    /// The SQL that makes the tables of a schema, one transaction for each version of them.
    ///
    /// It is run by a role that may create a schema, and makes only what is not there yet.
    /// - Throws: ``PenstockError/Code/invalidName``.
    public static func migrationScript(schema: String = "penstock") throws(PenstockError) -> String {
        let schema = try PostgresSchema(schema)
        let head = """
            CREATE SCHEMA IF NOT EXISTS \(schema.name);
            CREATE TABLE IF NOT EXISTS \(schema.name).migrations (
                version integer PRIMARY KEY, applied timestamptz NOT NULL
            );

            """
        let steps = schema.migrations.enumerated().map { place, sql in
            """
            -- Version \(place + 1). It fails, and changes nothing, where that version is there already.
            BEGIN;
            INSERT INTO \(schema.name).migrations VALUES (\(place + 1), now());
            \(sql)
            COMMIT;

            """
        }
        return head + "\n" + steps.joined(separator: "\n")
    }

    /// The SQL that lets a role do what a store does, and nothing else.
    ///
    /// A store that is opened by it has ``PostgresOptions/migrates`` off.
    /// - Throws: ``PenstockError/Code/invalidName``, also for a role that is not a plain word.
    public static func grantScript(to role: String, schema: String = "penstock") throws(PenstockError) -> String {
        let (schema, role) = (try PostgresSchema(schema), try PostgresSchema(role))
        return """
            GRANT USAGE ON SCHEMA \(schema.name) TO \(role.name);
            GRANT SELECT ON ALL TABLES IN SCHEMA \(schema.name) TO \(role.name);
            GRANT INSERT, UPDATE, DELETE ON \(schema.name).items, \(schema.name).settled, \(schema.name).keys,
                \(schema.name).processes, \(schema.name).news, \(schema.name).counters TO \(role.name);
            GRANT USAGE ON ALL SEQUENCES IN SCHEMA \(schema.name) TO \(role.name);
            GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA \(schema.name) TO \(role.name);

            """
    }

    /// Makes the tables of a schema, or brings them up to date.
    /// - Returns: the version that they are of now.
    public static func migrate(url: String, schema: String = "penstock") async throws(PenstockError) -> Int {
        let schema = try PostgresSchema(schema)
        let dialler = try Dialler(url, schema: schema, options: PostgresOptions(schema: schema.name))
        let thread = try await PostgresThread("penstock-migrate") { () throws(PenstockError) in
            do throws(PostgresError) {
                return try dialler.dial("migration")
            } catch {
                throw error.asPenstockError()
            }
        } close: {
            $0.close()
        }
        let outcome: Result<Int, PenstockError>
        do throws(PenstockError) {
            let version = try await thread.run { connection throws(PenstockError) in
                let migrator = Migrator(connection: connection, schema: schema)
                try migrator.run()
                try migrator.check()
                return schema.version
            }
            outcome = .success(version)
        } catch {
            outcome = .failure(error)
        }
        await thread.stop()
        return try outcome.get()
    }
}
