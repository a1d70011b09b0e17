public import Penstock
public import PenstockFlow

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The command line of Penstock, for the `penstock` command and for programs of your own.
///
/// A program that hands in its pipelines gets every verb for them; `resolve`, for instance, checks a result against the
/// type of the task. Keep `main.swift` to this one call: closures that are written there belong to the main actor.
///
/// ```swift
/// await PenstockCommand.main(pipelines: [quad, review])
/// ```
public enum PenstockCommand {
    /// Does what the command line asks for, and ends the process with a ``CommandStatus``.
    ///
    /// - Parameters:
    ///   - pipelines: What the program knows; their parts are known too.
    ///   - demo: What the verb `demo` shows; without it there is no such verb.
    ///   - groups: What graphs that come as data may be made of; without them there is no verb `graph`.
    ///   - program: The name under which the program speaks of itself.
    @concurrent
    public static func main(
        pipelines: [any Pipeline] = [],
        demo: (any Demonstration)? = nil,
        groups: [ProcessorGroup] = [],
        program: String = "penstock"
    ) async -> Never {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let output = Output.standard
        let context = CommandContext(
            pipelines: pipelines,
            demonstration: demo,
            groups: groups,
            program: program,
            output: output
        )
        var status = await Self.run(arguments, context: context)
        output.flush()
        if output.hasFailed, status == .success {
            output.error("\(program): the results could not be written: is the disk full, or the pipe closed?")
            status = .inputOutput
        }
        exit(status.rawValue)
    }

    /// Does what a command line asks for, and returns how it ended.
    @concurrent
    package static func run(_ arguments: [String], context: CommandContext) async -> CommandStatus {
        await CommandContext.$current.withValue(context) {
            do {
                switch try CommandParser(root: RootCommand.self).parse(arguments) {
                case .help(let text): context.output.line(text)
                case .command(let command): try await command.run()
                }
                return .success
            } catch let error as UsageError {
                context.output.error(
                    """
                    \(context.program): \(error.message)
                    \(error.usage)
                    See '\(error.path.joined(separator: " ")) --help'.
                    """
                )
                return .usage
            } catch {
                let text = (error as? PenstockError).map(Self.text) ?? "\(error)"
                if !text.isEmpty { context.output.error("\(context.program): \(text)") }
                return CommandStatus(error)
            }
        }
    }

    /// What a person wants to know of an error; the code is in the exit status.
    static func text(of error: PenstockError) -> String {
        guard let cause = error.cause else { return error.message }
        return "\(error.message): \(Self.words(of: cause))"
    }

    private static func words(of cause: any Error) -> String {
        guard let error = cause as? DecodingError else { return "\(cause)" }
        switch error {
        case .dataCorrupted(let context), .keyNotFound(_, let context), .typeMismatch(_, let context),
            .valueNotFound(_, let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? context.debugDescription : "at '\(path)': \(context.debugDescription)"
        @unknown default: return "\(error)"
        }
    }
}

/// What a command knows of the program it is part of.
package struct CommandContext: Sendable {
    /// What the program knows, parts included, by name.
    let pipelines: [String: any Pipeline]
    let demonstration: (any Demonstration)?
    /// What graphs that come as data may be made of.
    let groups: [ProcessorGroup]
    let program: String
    let output: Output

    package init(
        pipelines: [any Pipeline] = [],
        demonstration: (any Demonstration)? = nil,
        groups: [ProcessorGroup] = [],
        program: String = "penstock",
        output: Output
    ) {
        var known: [String: any Pipeline] = [:]
        var rest = pipelines + (demonstration?.pipelines ?? [])
        while let pipeline = rest.popLast() {
            guard known.updateValue(pipeline, forKey: pipeline.name) == nil else { continue }
            rest += pipeline.parts
        }
        self.pipelines = known
        self.demonstration = demonstration
        self.groups = groups
        self.program = program
        self.output = output
    }

    /// The context of the command that runs.
    @TaskLocal static var current = CommandContext(output: .standard)
}
