import Penstock

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Makes connections, all in the same way.
struct Dialler: Sendable {
    let address: PostgresAddress
    let schema: PostgresSchema
    let options: PostgresOptions
    private let settings: PostgresStatement

    init(_ url: String, schema: PostgresSchema, options: PostgresOptions) throws(PenstockError) {
        self.address = try PostgresAddress(url)
        self.schema = schema
        self.options = options
        // The statements are few, short and always the same, and each is meant to go by an index: what is planned once
        // is as good as what is planned anew, and tables that have grown since do not make it worse.
        self.settings = PostgresStatement(
            """
            SELECT set_config('plan_cache_mode', 'force_generic_plan', false), set_config('jit', 'off', false),
                set_config('enable_seqscan', 'off', false), set_config('enable_hashjoin', 'off', false),
                set_config('enable_mergejoin', 'off', false)
            """
        )
    }

    /// Connects, and makes the session fit for the store's statements.
    ///
    /// - Parameter role: What the connection is for, as people see it in the server's list of sessions.
    func dial(_ role: String) throws(PostgresError) -> PostgresConnection {
        let connection = try PostgresConnection(self.address, name: "penstock \(role)", timeout: .seconds(10))
        // A server that does not answer is one that is gone.
        connection.timeLimit = max(self.options.patience, .seconds(30))
        connection.keepsStatements = !self.options.isPooled
        if !self.options.isPooled { _ = try connection.run(self.settings, PostgresValues()) }
        return connection
    }

    /// Waits a little, longer each time and never as long as others, on a thread that has nothing else to do.
    func pause(_ tries: Int) {
        let limit = min(1 << min(tries, 10), 1000)
        usleep(UInt32((limit / 2 + Int.random(in: 0...max(limit / 2, 1))) * 1000))
    }
}
