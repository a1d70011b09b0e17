import Penstock

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What the disk and SQLite do without Penstock: the figures that others are to be read beside.
struct Probe: Sendable, Equatable {
    /// How often 128 bytes of a file that has its room already can be put on the disk in a second.
    let fdatasyncPerSecond: Double
    /// How many rows SQLite takes in a second, one a commit, with the settings that Penstock uses.
    let rawRowsPerSecond: Double

    static let rounds = 2000

    init(in place: BenchPlace, rounds: Int = Probe.rounds) throws {
        self.fdatasyncPerSecond = try Self.syncs(in: place, rounds)
        self.rawRowsPerSecond = try Self.rows(in: place, rounds)
    }

    /// What the disk did in all the probes, in a line; `nil` where there was none.
    static func summary(_ probes: [Probe]) -> String? {
        guard let syncs = Words.spread(probes.map(\.fdatasyncPerSecond)) else { return nil }
        let rows = Words.spread(probes.map(\.rawRowsPerSecond)) ?? ""
        return "Probe: \(syncs) fdatasync/s, \(rows) rows/s in SQLite alone, one a commit."
    }

    private static func syncs(in place: BenchPlace, _ rounds: Int) throws -> Double {
        let path = "\(place.folder)/probe"
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("made", path) }
        defer {
            close(descriptor)
            unsafe _ = unlink(path)
        }
        // The room is written, not only reserved: to write into reserved room changes the file's own record.
        let size = rounds * 128
        let zeros = [UInt8](repeating: 0, count: size)
        guard unsafe pwrite(descriptor, zeros, size, 0) == size, fsync(descriptor) == 0 else {
            throw Self.failure("written", path)
        }
        let record = [UInt8](repeating: 0x5a, count: 128)
        let start = ContinuousClock().now
        for round in 0..<rounds {
            let place = off_t(round * record.count)
            guard unsafe pwrite(descriptor, record, record.count, place) == record.count, Self.sync(descriptor) else {
                throw Self.failure("written", path)
            }
        }
        return Double(rounds) / (ContinuousClock().now - start).inSeconds
    }

    private static func sync(_ descriptor: Int32) -> Bool {
        #if canImport(Glibc)
        fdatasync(descriptor) == 0
        #else
        fcntl(descriptor, F_FULLFSYNC) == 0
        #endif
    }

    private static func rows(in place: BenchPlace, _ rounds: Int) throws -> Double {
        let path = place.newPath()
        defer { BenchPlace.remove(database: path) }
        let database = try RawDatabase(path: path)
        try database.execute("PRAGMA journal_mode = wal")
        try database.execute("PRAGMA synchronous = full")
        try database.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, payload BLOB)")
        let start = ContinuousClock().now
        try database.repeatedly("INSERT INTO rows (payload) VALUES (zeroblob(64))", rounds)
        return Double(rounds) / (ContinuousClock().now - start).inSeconds
    }

    private static func failure(_ what: String, _ path: String) -> CommandFailure {
        CommandFailure(.inputOutput, "'\(path)' cannot be \(what): \(unsafe String(cString: strerror(errno)))")
    }
}
