import Penstock

/// The process in the server's list, for as long as its writer lives.
extension PostgresWriter {
    /// Connects, brings the tables up to date, and enters the process in the list.
    static func open(
        _ store: PostgresStore,
        _ dialler: Dialler,
        _ statements: Statements
    ) throws(PenstockError) -> PostgresWriter {
        let connection: PostgresConnection
        do throws(PostgresError) {
            connection = try dialler.dial("writer")
        } catch {
            throw error.asPenstockError()
        }
        let migrator = Migrator(connection: connection, schema: dialler.schema)
        if dialler.options.migrates { try migrator.run() }
        try migrator.check()
        do throws(PostgresError) {
            let process = try Self.enter(connection, dialler, statements, store.clock)
            let table = PostgresTable(
                connection,
                statements: statements,
                process: process,
                holds: store.holds,
                clock: store.clock
            )
            store.processChanged(process)
            return PostgresWriter(store, dialler, table)
        } catch {
            throw error.asPenstockError()
        }
    }

    /// Enters the process in the list under a number that no process ever had.
    static func enter(
        _ connection: PostgresConnection,
        _ dialler: Dialler,
        _ statements: Statements,
        _ clock: DatabaseClock
    ) throws(PostgresError) -> Int64 {
        var values = PostgresValues()
        values.append(dialler.options.name ?? Self.programName)
        values.append(dialler.options.processLease.wholeMilliseconds)
        let rows = try connection.run(statements.enter, values)
        clock.sample(try rows.int64(0, 1))
        return try rows.int64(0, 0)
    }

    private static var programName: String {
        let path = CommandLine.arguments.first ?? "penstock"
        return String(path.split(separator: "/").last ?? "penstock")
    }

    /// Gives back what the process holds, leaves the list, and lets go of the connection.
    func close() {
        do throws(PostgresError) {
            if self.table.connection.isUsable {
                try self.table.connection.send(self.table.statements.begin, PostgresValues())
                try self.table.connection.send(self.table.statements.bury, PostgresValues(self.table.process))
                try self.table.connection.send(self.table.statements.rescue, PostgresValues(self.table.process))
                try self.table.connection.send(self.table.statements.foldCounts, PostgresValues(self.table.process))
                try self.table.connection.send(self.table.statements.commit, PostgresValues())
                _ = try self.table.connection.finish()
            }
        } catch {
            // Others find out by the end of the session, or of the lease.
            self.store.environment.report?(Notice(.warning, "the store could not take its leave: \(error)"))
        }
        self.table.connection.close()
    }
}
