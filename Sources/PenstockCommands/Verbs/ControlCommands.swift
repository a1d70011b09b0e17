import Penstock

/// The items that an operator's verb is for.
struct TargetOptions: ParsableArguments {
    @Argument(help: "~NUMBER as 'list' shows it, or QUEUE/KEY")
    var item: [ItemName]

    @OptionGroup var database: DatabaseOptions

    /// Does the same to every item, says what came of each, and goes on after one that it cannot be done to.
    func change(_ done: String, _ verb: (Control, ItemReference) async throws -> Void) async throws {
        let context = CommandContext.current
        var failure: CommandFailure?
        try await self.database.withControl { control in
            for item in self.item {
                do {
                    guard let before = try await Self.sound(item, control) else {
                        // Whatever may be done to an item that is damaged takes it away.
                        try await verb(control, item.reference)
                        self.sayGone(done, item, context.output)
                        continue
                    }
                    try await verb(control, item.reference)
                    let after = try await control.store.item(.id(before.id))
                    self.say(done, ItemView(record: after ?? before), isGone: after == nil, context.output)
                } catch let error as PenstockError where CommandStatus(error) == .conflict {
                    context.output.error("\(context.program): \(PenstockCommand.text(of: error))")
                    failure = CommandFailure(.conflict)
                }
            }
        }
        if let failure { throw failure }
    }

    /// The row of an item; `nil` when it is damaged.
    private static func sound(_ item: ItemName, _ control: Control) async throws -> ItemRecord? {
        do throws(PenstockError) {
            return try await control.describe(item.reference)
        } catch  where error.code == .damaged {
            return nil
        }
    }

    private func sayGone(_ done: String, _ item: ItemName, _ output: Output) {
        guard self.database.output == .json else {
            return output.line("\(done) \(PlainText(item.text).text), which was damaged and is gone now.")
        }
        var json = JSONObject()
        json.add("id", item.text)
        json.add("damaged", true)
        json.add("deleted", true)
        output.line(json.text)
    }

    private func say(_ done: String, _ view: ItemView, isGone: Bool, _ output: Output) {
        switch self.database.output {
        case .json:
            var json = view.json
            if isGone { json.add("deleted", true) }
            output.line(json.text)
        case .table:
            let state = isGone ? "gone" : "\(view.record.state.rawValue)"
            output.line("\(done) \(PlainText(view.name).text), which is \(state) now.")
        }
    }
}

/// `cancel`: ends runs and items.
struct CancelCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "cancel", abstract: "End a run or item, and everything that it called")
    }

    @OptionGroup var targets: TargetOptions

    func run() async throws { try await self.targets.change("Cancelled") { try await $0.cancel($1) } }
}

/// `restart`: begins runs again.
struct RestartCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "restart", abstract: "Make a run forget its steps and begin again")
    }

    @OptionGroup var targets: TargetOptions

    func run() async throws { try await self.targets.change("Restarted") { try await $0.restart($1) } }
}

/// `retry`: tries dead letters again.
struct RetryCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "retry",
            abstract: "Try what has failed again, after its last good step"
        )
    }

    @OptionGroup var targets: TargetOptions

    func run() async throws { try await self.targets.change("Retried") { try await $0.retry($1) } }
}

/// `resume`: replays diverged runs.
struct ResumeCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "resume", abstract: "Replay a diverged run, now that its code is mended")
    }

    @OptionGroup var targets: TargetOptions

    func run() async throws { try await self.targets.change("Resumed") { try await $0.resume($1) } }
}

/// `delete`: removes runs and items.
struct DeleteCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "delete", abstract: "Remove a run or item, and its steps, for good")
    }

    @OptionGroup var targets: TargetOptions

    func run() async throws { try await self.targets.change("Deleted") { try await $0.delete($1) } }
}
