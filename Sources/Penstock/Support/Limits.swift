/// What Penstock accepts at its edge, and where it stops.
public enum Limits {
    /// The longest queue or pipeline name, in bytes.
    public static let name = 128

    /// The longest key, in bytes of UTF-8.
    public static let key = 512

    /// The largest payload or result, in bytes.
    public static let payload = 16 * 1024 * 1024

    /// The longest error message that is kept, in bytes.
    public static let message = 64 * 1024

    /// The most operations in one transaction.
    public static let operations = 100_000

    /// The lowest and highest priority; higher goes first.
    public static let priorities = -9...9

    /// Checks a queue or pipeline name: 1 to 128 of the characters `A–Z a–z 0–9 . _ : -`.
    package static func checkName(_ name: String) throws(PenstockError) {
        let allowed = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard allowed, (1...Self.name).contains(name.utf8.count) else {
            throw PenstockError(
                .invalidName,
                "the name \(name.debugDescription.prefix(99)) is not allowed: 1 to \(Self.name) of A-Z a-z 0-9 . _ : -"
            )
        }
    }

    /// Checks a key chosen by a user: 1 to 512 bytes of UTF-8, no NUL, not beginning with `~`.
    package static func checkKey(_ key: String, queue: String) throws(PenstockError) {
        let bytes = key.utf8
        guard !bytes.isEmpty, bytes.count <= Self.key, bytes.first != UInt8(ascii: "~"), !bytes.contains(0) else {
            throw PenstockError(
                .invalidKey,
                """
                the key \(key.debugDescription.prefix(80)) for queue '\(queue)' is not allowed: \
                use 1 to \(Self.key) bytes without NUL that do not begin with '~'
                """
            )
        }
    }

    /// Checks the size of a payload.
    package static func checkPayload(
        _ payload: Payload,
        queue: String,
        key: @autoclosure () -> String?
    ) throws(PenstockError) {
        guard payload.bytes.count <= Self.payload else {
            throw PenstockError(
                .tooLarge,
                """
                the payload for queue '\(queue)', key '\(key() ?? "(none)")' has \(payload.bytes.count) bytes; at most \
                \(Self.payload) are kept: store the content elsewhere and pass a reference
                """
            )
        }
    }

    /// Checks a priority.
    package static func checkPriority(_ priority: Int, queue: String) throws(PenstockError) {
        guard Self.priorities.contains(priority) else {
            throw PenstockError(
                .invalidName,
                "the priority \(priority) for queue '\(queue)' is not allowed: use \(Self.priorities)"
            )
        }
    }
}
