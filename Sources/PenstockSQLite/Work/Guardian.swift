import CSQLite

/// Decides which statements of a user's may be compiled while a transaction of Penstock's is open.
///
/// It stays with its connection and is switched on for the time of the user's work: to install it anew would make
/// SQLite compile every statement of the connection again.
final class Guardian {
    /// Whether statements that are compiled now are a user's.
    var isOn = false
    /// Why the last statement was refused.
    var refusal: String?

    /// The tables and the view that are Penstock's, which a user's work may read.
    static let own: Set<String> = [
        "penstock_meta", "penstock_queues", "penstock_rows", "penstock_items", "penstock_quarantine",
    ]

    typealias Word = UnsafePointer<CChar>?
    typealias Callback = @convention(c) (UnsafeMutableRawPointer?, Int32, Word, Word, Word, Word) -> Int32

    /// What SQLite calls.
    static let callback: Callback = { context, action, first, second, _, _ in
        guard let context = unsafe context else { return SQLITE_DENY }
        let guardian = unsafe Unmanaged<Guardian>.fromOpaque(context).takeUnretainedValue()
        guard guardian.isOn else { return SQLITE_OK }
        let words = unsafe [first, second].map { unsafe $0.map { unsafe String(cString: $0) } ?? "" }
        guard let refusal = Guardian.refusal(of: action, words[0], words[1]) else { return SQLITE_OK }
        guardian.refusal = refusal
        return SQLITE_DENY
    }

    /// Why a statement is refused, or `nil` when it is allowed.
    private static func refusal(of action: Int32, _ first: String, _ second: String) -> String? {
        switch action {
        case SQLITE_SELECT, SQLITE_READ, SQLITE_FUNCTION, SQLITE_RECURSIVE: nil
        case SQLITE_TRANSACTION, SQLITE_SAVEPOINT:
            "\(first) is not allowed here: the transaction is Penstock's, and throwing an error undoes all of it"
        case SQLITE_ATTACH, SQLITE_DETACH:
            "ATTACH and DETACH are not allowed here: a transaction over two files is not atomic in this mode"
        case SQLITE_PRAGMA: "PRAGMA is not allowed here: Penstock's promises rest on its settings"
        case SQLITE_ANALYZE, SQLITE_REINDEX: "ANALYZE and REINDEX are not allowed here: they reach Penstock's tables"
        case SQLITE_CREATE_INDEX, SQLITE_CREATE_TEMP_INDEX, SQLITE_CREATE_TRIGGER, SQLITE_CREATE_TEMP_TRIGGER,
            SQLITE_DROP_INDEX, SQLITE_DROP_TRIGGER, SQLITE_DROP_TEMP_TRIGGER, SQLITE_ALTER_TABLE:
            Self.refusal(ofChanging: second)
        default: Self.refusal(ofChanging: first)
        }
    }

    private static func refusal(ofChanging table: String) -> String? {
        guard Self.own.contains(table.lowercased()) else { return nil }
        return "'\(table)' is Penstock's: read it, and change it through queues and runs"
    }
}
