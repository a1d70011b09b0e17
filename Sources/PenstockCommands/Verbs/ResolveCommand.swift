import FoundationEssentials
import Penstock

/// `resolve`: gives a result to what waits for one.
struct ResolveCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "resolve",
            abstract: "Give an external task its result",
            discussion: """
                The result is checked against the type of the task before anything is
                changed. The run that waits for it goes on when its engine starts.
                """
        )
    }

    @OptionGroup var task: TaskOptions

    @Argument(help: "The result; - reads it from standard input")
    var json: String

    func run() async throws {
        let bytes = self.json == "-" ? try StandardInput.read(limit: Limits.payload) : Array(self.json.utf8)
        // What a shell adds around it is no part of the result.
        let result = Payload(bytes: Self.trimmed(bytes))
        guard result.isJSON else {
            let text = Words.shortened(result.text)
            throw PenstockError(.undecodable, "the result '\(text)' is no JSON: text needs quotation marks of its own")
        }
        try await self.task.end("Resolved") { desk, record, control in
            do {
                try await desk.resolve(record.key, with: result, in: control.store)
            } catch let error as PenstockError {
                throw Self.explained(error, desk.name, desk.resultType)
            }
        }
    }

    /// Says of a result that does not fit which type would.
    private static func explained(_ error: PenstockError, _ task: String, _ type: String) -> PenstockError {
        guard error.code == .undecodable else { return error }
        return PenstockError(
            .undecodable,
            "the result is not of the type \(type) that task '\(task)' returns; nothing was changed",
            cause: error.cause
        )
    }

    private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 }
        let start = bytes.drop(while: isSpace)
        return Array(start.reversed().drop(while: isSpace).reversed())
    }
}

/// `reject`: ends what waits for a result with a failure.
struct RejectCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "reject",
            abstract: "End an external task with a failure",
            discussion: "The reason is thrown to the run that waits for the task."
        )
    }

    @OptionGroup var task: TaskOptions

    @Argument(help: "Why")
    var reason: String

    func run() async throws {
        try await self.task.end("Rejected") { desk, record, control in
            try await desk.reject(record.key, because: self.reason, in: control.store)
        }
    }
}
