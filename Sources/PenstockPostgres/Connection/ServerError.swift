#if Postgres
import CPostgres
#endif

/// An error as the server has sent it.
struct ServerError {
    /// The fields that are of use here, by their letters in the protocol.
    private enum Field: UInt8 {
        case severity = 0x56
        case state = 0x43
        case message = 0x4D
        case detail = 0x44
        case hint = 0x48
        case constraint = 0x6E
    }

    let state: String
    let message: String
    let detail: String?
    let hint: String?
    let constraint: String?

    /// Whether the server closes the connection after it.
    let isFatal: Bool

    /// Reads the fields of a result; `nil` when the error is not the server's but libpq's.
    init?(_ result: OpaquePointer) {
        func text(_ field: Field) -> String? {
            unsafe PQresultErrorField(result, Int32(field.rawValue)).map { unsafe String(cString: $0) }
        }
        guard let state = text(.state) else { return nil }
        self.state = state
        self.message = text(.message) ?? "the server gives no reason"
        self.detail = text(.detail)
        self.hint = text(.hint)
        self.constraint = text(.constraint)
        self.isFatal = ["FATAL", "PANIC"].contains(text(.severity))
    }

    /// The same as an error of this module's.
    func error(_ kind: PostgresError.Kind, sql: String? = nil, index: Int? = nil) -> PostgresError {
        var error = PostgresError(kind, self.message, state: self.state, sql: sql, index: index)
        error.detail = self.detail
        error.hint = self.hint
        error.constraint = self.constraint
        return error
    }
}

/// Hears what the server says without being asked.
///
/// Notices and warnings are dropped. What it says when it closes the connection is kept, since it tells why.
final class ServerNotices {
    /// The server's last words.
    private(set) var farewell: ServerError?

    typealias Receiver = @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?) -> Void

    /// What libpq calls, on the thread that uses the connection.
    static let receiver: Receiver = { context, result in
        guard let context = unsafe context, let result = unsafe result else { return }
        guard let error = unsafe ServerError(result), error.isFatal else { return }
        unsafe Unmanaged<ServerNotices>.fromOpaque(context).takeUnretainedValue().farewell = error
    }
}
