import PenstockCommands

#if canImport(Glibc)
import Glibc
#endif

/// Is the command `penstock`: does what the rest of its command line asks for, and ends with its exit code.
struct CommandWorker: Worker {
    static let name = "command"

    private let arguments: [String]

    init(_ arguments: [String]) throws {
        self.arguments = arguments
    }

    func run() async throws {
        // Whoever reads what it says wants to know of errors as well.
        guard dup2(1, 2) == 2 else { throw Unexpected("there is no output for errors: \(Files.reason)") }
        let status = await PenstockCommand.run(self.arguments, context: CommandContext(output: .standard))
        Output.standard.flush()
        exit(status.rawValue)
    }

    /// Runs the command in a process of its own.
    /// - Returns: how it ended, and all that it said.
    static func run(
        _ arguments: [String],
        under wrapper: [String] = [],
        _ trial: Trial
    ) throws -> (status: CommandStatus, said: String) {
        let child = try ChildProcess([self.name] + arguments, under: wrapper, log: "\(trial.folder)/log")
        var said: [String] = []
        while let line = try child.line() { said.append(line) }
        let exit = try child.exit()
        guard case .code(let code) = exit, let status = CommandStatus(rawValue: code) else {
            throw Unexpected("'\(arguments.joined(separator: " "))' ended with \(exit): \(said)")
        }
        return (status, said.joined(separator: " "))
    }
}
