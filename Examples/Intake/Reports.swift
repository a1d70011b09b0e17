/// How the bytes of a file are to be read.
public enum FileEncoding: String, Codable, Sendable, CaseIterable {
    /// Letters, digits and signs of the 128 that everybody has.
    case ascii
    /// Unicode.
    case utf8 = "utf-8"
    /// Text in one byte a character.
    case latin1 = "latin-1"
    /// Compressed by gzip.
    case gzip
    /// Anything else.
    case binary
    /// The file could not be read.
    case unreadable

    /// Whether there are lines to look at.
    public var isText: Bool {
        switch self {
        case .ascii, .utf8, .latin1: true
        case .gzip, .binary, .unreadable: false
        }
    }
}

/// How large a file is.
public struct Measurement: Codable, Sendable, Hashable {
    /// Its size in bytes.
    public let bytes: Int
    /// How many lines its text has, in the part that was read.
    public let lines: Int
    /// How it is encoded.
    public let encoding: FileEncoding

    /// Makes a measurement.
    public init(bytes: Int, lines: Int, encoding: FileEncoding) {
        self.bytes = bytes
        self.lines = lines
        self.encoding = encoding
    }
}

/// Something that looks like a secret.
///
/// What it says is never kept.
public struct Finding: Codable, Sendable, Hashable {
    /// What it looks like.
    public enum Kind: String, Codable, Sendable {
        /// The beginning of a private key.
        case privateKey = "private key"
        /// The identifier of a key to a cloud.
        case accessKey = "access key"
        /// A password that is assigned to something.
        case password
        /// Letters that nobody would type.
        case token
    }

    /// What it looks like.
    public let kind: Kind
    /// The line, from 1.
    public let line: Int

    /// Makes a finding.
    public init(kind: Kind, line: Int) {
        self.kind = kind
        self.line = line
    }
}

/// What a person is asked.
public struct ReviewRequest: Codable, Sendable {
    /// The file.
    public let path: String
    /// What was found in it.
    public let findings: [Finding]
}

/// What is thought of a file.
public enum Verdict: String, Codable, Sendable, CaseIterable {
    /// Nothing was found.
    case clean
    /// A person says that what was found is no secret.
    case harmless
    /// A person says that it is one.
    case secret
}

/// What came of a file.
public struct FileReport: Codable, Sendable {
    /// The file.
    public let path: String
    /// How large it is.
    public let measurement: Measurement
    /// What kind of file it is.
    public let kind: FileKind
    /// What is thought of it.
    public let verdict: Verdict
}
