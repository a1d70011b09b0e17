import CSQLite

/// What figures are to be read beside: the machine, its SQLite and its disk.
package enum Measurements {
    /// One line each.
    package static func lines(in folder: String) throws -> [String] {
        let place = try BenchPlace(folder)
        defer { place.remove() }
        let probe = try Probe(in: place, rounds: 300)
        let version = unsafe String(cString: sqlite3_libversion())
        let (syncs, rows) = (Int(probe.fdatasyncPerSecond), Int(probe.rawRowsPerSecond))
        return [
            Machine.description,
            "SQLite \(version). Disk: \(syncs) fdatasync a second; SQLite alone commits \(rows) rows a second.",
        ]
    }
}
