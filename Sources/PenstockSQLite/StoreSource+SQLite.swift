public import Penstock

extension StoreSource {
    /// A store in the SQLite file at `path`, which is made if there is none.
    ///
    /// The engine's process owns the file from here until the engine is closed; see ``SQLiteOptions`` for how durable
    /// a commit is.
    public static func sqlite(path: String, options: SQLiteOptions = SQLiteOptions()) -> StoreSource {
        StoreSource { environment throws(PenstockError) in
            try await SQLiteStore(path: path, options: options, environment: environment)
        }
    }
}
