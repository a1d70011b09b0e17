import Penstock

#if Postgres
import CPostgres
#endif

/// Where a database is and how it is connected to: a URL `postgres://…`, or libpq's keywords (`host=… dbname=…`).
///
/// Every option of libpq's can be given; what is not comes from the environment, as libpq has it.
struct PostgresAddress: Sendable, CustomStringConvertible {
    /// As it was given, with the password; for libpq alone.
    let text: String

    /// The database, if it was given.
    let database: String?

    /// How long to wait for a connection, if it says so.
    let timeout: Duration?

    /// Where it is, in words and without the password.
    let description: String

    /// Reads an address.
    ///
    /// Nothing is connected to, and no name is looked up.
    init(_ url: String) throws(PenstockError) {
        guard hasLibpq else {
            throw PenstockError(
                .unsupported,
                "this program was built without PostgreSQL: build it with the trait Postgres, which is on by default"
            )
        }
        guard !url.allSatisfy(\.isWhitespace) else {
            throw PenstockError(.storeUnusable, "the address of PostgreSQL is empty: \(Self.advice)")
        }
        // A zero byte would end it for libpq.
        guard !url.utf8.contains(0) else {
            throw PenstockError(.storeUnusable, "the address of PostgreSQL has a zero byte: \(Self.advice)")
        }
        let options = try Self.options(of: url)
        self.text = url
        self.database = options["dbname"]
        let seconds = options["connect_timeout"].flatMap { Int($0) } ?? 0
        self.timeout = seconds > 0 ? .seconds(seconds) : nil
        let place = options["host"] ?? options["hostaddr"]
        let words = [
            self.database.map { "database '\($0)'" } ?? "the default database",
            place.map { host in "at \(host)\(options["port"].map { ":\($0)" } ?? "")" },
            options["user"].map { "as '\($0)'" },
        ]
        self.description = words.compactMap(\.self).joined(separator: " ")
    }

    private static let advice = "give postgres://user@host/database, or the keywords that libpq knows"

    /// What the text sets.
    private static func options(of url: String) throws(PenstockError) -> [String: String] {
        var reason: UnsafeMutablePointer<CChar>?
        guard let first = unsafe PQconninfoParse(url, &reason) else {
            defer { unsafe PQfreemem(reason) }
            var message = "the address of PostgreSQL is not understood: \(Self.advice)"
            // The reason may quote the text.
            if let reason = unsafe reason, !Self.mayHoldSecret(url) {
                message += " (\(unsafe String(cString: reason).inOneLine))"
            }
            throw PenstockError(.storeUnusable, message)
        }
        defer { unsafe PQconninfoFree(first) }
        var options: [String: String] = [:]
        var option = unsafe first
        while let keyword = unsafe option.pointee.keyword {
            if let value = unsafe option.pointee.val {
                options[unsafe String(cString: keyword)] = unsafe String(cString: value)
            }
            unsafe option += 1
        }
        return options
    }

    private static func mayHoldSecret(_ url: String) -> Bool { url.contains("@") || url.lowercased().contains("pass") }
}

extension String {
    /// The lines as one, without those that say where in the server's sources something happened.
    var inOneLine: String {
        self.split(whereSeparator: \.isNewline)
            .filter { !$0.contains(/, \w+\.c:\d+$/) }
            .map { line in
                let end = line.lastIndex { !$0.isWhitespace }.map { line.index(after: $0) } ?? line.startIndex
                return line[..<end].drop(while: \.isWhitespace)
            }
            .joined(separator: " ")
    }
}
