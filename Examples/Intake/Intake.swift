public import Penstock
import PenstockSQLite

/// An intake of files: each is measured, classified and searched for secrets, a person looks at what was found, and
/// what came of it is written into a table of the example's own.
///
/// Every file is one run of the workflow ``file``, and one more run, ``summary``, adds everything up. Kill the process
/// at any time: when it comes back, no recorded step is run again, and each file stands in the table once.
public struct Intake: Sendable {
    /// How large a file is, and how it is encoded.
    public let measure = Activity("measure") { (path: String) in
        FileContent(path: path).measurement
    }

    /// What kind of file it is.
    public let classify = Activity("classify") { (path: String) in
        FileKind(of: path, content: FileContent(path: path))
    }

    /// Whether something in the file looks like a secret, and on which lines.
    public let lookForSecrets = Activity("look-for-secrets") { (path: String) in
        SecretSearch.findings(in: FileContent(path: path).bytes)
    }

    /// A person's opinion on what was found.
    public let review = ExternalTask<ReviewRequest, Verdict>("review")

    /// Writes what came of a file into the table `files`: exactly once, with the step that says so.
    public let record = Activity(
        "record",
        transaction: { (report: FileReport, transaction) in
            transaction.sql(
                "INSERT INTO files (path, kind, encoding, bytes, lines, verdict) VALUES (?, ?, ?, ?, ?, ?)",
                .text(report.path),
                .text(report.kind.rawValue),
                .text(report.measurement.encoding.rawValue),
                .integer(Int64(report.measurement.bytes)),
                .integer(Int64(report.measurement.lines)),
                .text(report.verdict.rawValue)
            )
            return Nothing()
        }
    )

    /// The way of one file.
    public let file: Workflow<String, FileReport>

    /// Adds up the reports of all files.
    public let addUp: Activity<Nothing, Summary>

    /// The end of an intake: what all files come to.
    public let summary: Workflow<Nothing, Summary>

    /// Makes the pipelines.
    ///
    /// `store` is where the reports of all files are read for the summary.
    public init(store: (any Store)? = nil) {
        let (measure, classify, lookForSecrets) = (self.measure, self.classify, self.lookForSecrets)
        let (review, record) = (self.review, self.record)
        self.file = Workflow("file") { (path: String, context) in
            let measurement = try await context.call(measure, path)
            let kind = try await context.call(classify, path)
            var verdict = Verdict.clean
            if measurement.encoding.isText {
                let findings = try await context.call(lookForSecrets, path)
                if !findings.isEmpty {
                    verdict = try await context.call(review, ReviewRequest(path: path, findings: findings))
                }
            }
            let report = FileReport(path: path, measurement: measurement, kind: kind, verdict: verdict)
            _ = try await context.call(record, report)
            return report
        }
        let addUp = Activity("add-up") { (_: Nothing) in
            guard let store else { throw IntakeError("the summary has no store to read the reports from") }
            return try await Summary(of: "file", in: store)
        }
        self.addUp = addUp
        self.summary = Workflow("summary") { (_: Nothing, context) in try await context.call(addUp, Nothing()) }
    }

    /// Everything that an engine has to run.
    public var pipelines: [any Pipeline] {
        [
            self.measure, self.classify, self.lookForSecrets, self.review, self.record, self.file, self.addUp,
            self.summary,
        ]
    }

    /// Makes the example's own table, if it is not there.
    public static func prepare(_ store: any Store) async throws {
        var transaction = Transaction()
        transaction.sql(
            """
            CREATE TABLE IF NOT EXISTS files (path TEXT NOT NULL, kind TEXT NOT NULL, encoding TEXT NOT NULL, \
            bytes INTEGER NOT NULL, lines INTEGER NOT NULL, verdict TEXT NOT NULL)
            """
        )
        _ = try await store.commit(transaction)
    }
}

/// The intake cannot be done.
public struct IntakeError: Error, CustomStringConvertible {
    /// What happened, and what to do.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
