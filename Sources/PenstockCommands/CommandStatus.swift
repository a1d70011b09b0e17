import Penstock

/// What the exit code of a command says.
public enum CommandStatus: Int32, Sendable, CaseIterable {
    /// It did what it was asked for.
    case success = 0
    /// It failed in a way that has no code of its own, or found something wrong.
    case failure = 1
    /// There is no such item, or it is not in a state that allows this; nothing was changed.
    case conflict = 2
    /// It was called in a way that it does not understand.
    case usage = 64
    /// What it was given is no JSON, or not of the type that is asked for.
    case data = 65
    /// Another process owns the database.
    case owned = 69
    /// The disk or a pipe failed.
    case inputOutput = 74
    /// The file is no database of Penstock's, or none that this program can use.
    case unusable = 78

    /// The code for an error.
    public init(_ error: any Error) {
        switch error {
        case is UsageError, is ValidationError: self = .usage
        case let error as PenstockError: self = Self.statuses[error.code] ?? .failure
        case let failed as CommandFailure: self = failed.status
        default: self = .failure
        }
    }

    private static let statuses: [PenstockError.Code: CommandStatus] = [
        .notFound: .conflict, .conflict: .conflict, .duplicateKey: .conflict, .leaseLost: .conflict,
        .queueFull: .conflict, .unknownPipeline: .conflict,
        .undecodable: .data, .unencodable: .data, .tooLarge: .data, .invalidKey: .data, .invalidName: .data,
        .storeOwned: .owned,
        .storeUnavailable: .inputOutput, .storeClosed: .inputOutput,
        .storeUnusable: .unusable,
    ]

    /// All codes in two lines, for the end of a help text.
    static let summary = """
        Exit codes: 0 ok, 1 failed, 2 not found or conflict, 64 usage, 65 bad data,
        69 owned by another process, 74 input/output, 78 unusable database.
        """
}

/// A command that has said already what went wrong, or says it now.
struct CommandFailure: Error, CustomStringConvertible {
    let status: CommandStatus
    /// What is still to be said; empty when all is.
    let description: String

    init(_ status: CommandStatus, _ description: String = "") {
        self.status = status
        self.description = description
    }
}
