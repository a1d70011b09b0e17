public import Penstock

extension StoreSource {
    /// A store in the PostgreSQL database at `url`, whose tables are made if there are none.
    ///
    /// Any number of processes may open it; see ``PostgresOptions``.
    public static func postgres(_ url: String, options: PostgresOptions = PostgresOptions()) -> StoreSource {
        StoreSource { environment throws(PenstockError) in
            try await PostgresStore(url: url, options: options, environment: environment)
        }
    }
}
