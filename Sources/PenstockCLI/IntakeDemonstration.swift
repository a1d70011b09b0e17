import Intake
import Penstock
import PenstockCommands
import PenstockSQLite
import Synchronization

/// The example `Intake` as what `penstock demo` shows.
struct IntakeDemonstration: Demonstration {
    private let intake = Intake()

    var abstract: String { "Kill a worker half-way through a folder of files; watch it go on" }

    var workflow: String { self.intake.file.name }

    func pipelines(over store: (any Store)?) -> [any Pipeline] { Intake(store: store).pipelines }

    func inputs(in folder: String?, limit: Int) throws -> [String] {
        try FileList.files(in: folder, limit: limit)
    }

    func start(_ inputs: [String], in engine: Engine) async throws -> [ItemID] {
        try await Intake.prepare(engine.store)
        var runs: [ItemID] = []
        // Starting a run with a key that is there answers with the run that is there.
        while runs.count < inputs.count {
            let batch = inputs.dropFirst(runs.count).prefix(500).map { (key: Optional($0), input: $0) }
            runs += try await engine.start(self.intake.file, batch).map(\.id)
        }
        return runs
    }

    func answer(in engine: Engine) async throws -> Int {
        let desk = try engine.desk(of: self.intake.review)
        let waiting = try await desk.waiting()
        for item in waiting {
            // A person would look into the file; what looks like a private key is taken for one here.
            let isKey = item.value.findings.contains { $0.kind == .privateKey }
            try await desk.resolve(item.key, with: isKey ? .secret : .harmless)
        }
        return waiting.count
    }

    func conclude(in engine: Engine) async throws -> [String] {
        let run = try await engine.start(self.intake.summary, Nothing(), key: "all")
        let summary = try await run.value
        let size = Self.short(summary.bytes)
        let flagged = "\(summary.flagged) looked as if they had a secret in them, and waited for a person."
        return [
            "In all: files \(Self.short(summary.files)), lines \(Self.short(summary.lines)), bytes \(size).",
            "By kind: \(Self.counts(summary.kinds)).",
            "By encoding: \(Self.counts(summary.encodings)).",
        ] + (summary.flagged > 0 ? [flagged] : [])
    }

    func recordings(in store: any Store) async throws -> [String: Int] {
        let counts = Mutex<[String: Int]>([:])
        var transaction = Transaction()
        transaction.sqlite { database in
            // Page by page, because an answer has a bound.
            var last = ""
            while true {
                let rows = try database.query(
                    "SELECT path, count(*) FROM files WHERE path > ? GROUP BY path ORDER BY path LIMIT 10000",
                    .text(last)
                )
                for row in rows {
                    guard let path = row[0].text, let count = row[1].integer else { continue }
                    counts.withLock { $0[path] = count }
                    last = path
                }
                if rows.isEmpty { return }
            }
        }
        _ = try await store.commit(transaction)
        return counts.withLock { $0 }
    }

    /// A number of three digits or so: `912k`, `107M`.
    private static func short(_ number: Int) -> String {
        switch number {
        case ..<10_000: "\(number)"
        case ..<10_000_000: "\(number / 1000)k"
        case ..<10_000_000_000: "\(number / 1_000_000)M"
        default: "\(number / 1_000_000_000)G"
        }
    }

    private static func counts(_ counts: [String: Int]) -> String {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.key) \($0.value)" }
            .joined(separator: ", ")
    }
}
