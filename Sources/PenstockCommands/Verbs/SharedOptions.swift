import Penstock

/// The one item that a verb looks at, and where it is.
struct ItemOptions: ParsableArguments {
    @Argument(help: "~NUMBER as 'list' shows it, or QUEUE/KEY")
    var item: ItemName

    @OptionGroup var database: DatabaseOptions
}

/// The external task that a verb ends, and where it is.
struct TaskOptions: ParsableArguments {
    @Argument(help: "~NUMBER as 'tasks' shows it, or QUEUE/KEY")
    var item: ItemName

    @OptionGroup var database: DatabaseOptions

    @Flag(help: "Do it to a task that this program does not know")
    var unchecked: Bool

    /// Has `end` end the task at its desk, and says what became of it.
    func end(_ done: String, _ end: (any TaskDesk, ItemRecord, Control) async throws -> Void) async throws {
        let context = CommandContext.current
        try await self.database.withControl { control in
            let record = try await control.describe(self.item.reference)
            try await end(try context.desk(for: record, isUnchecked: self.unchecked), record, control)
            let view = ItemView(record: try await control.describe(.id(record.id)))
            switch self.database.output {
            case .json: context.output.line(view.json.text)
            case .table:
                context.output.line("\(done) \(PlainText(view.name).text).")
                guard let caller = record.caller else { return }
                context.output.line("Run \(caller.key) goes on when its engine starts.")
            }
        }
    }
}

/// Which items a verb lists, and how many.
struct SelectionOptions: ParsableArguments {
    @OptionGroup var database: DatabaseOptions

    @Option(help: ArgumentHelp("Only this queue", valueName: "name"))
    var queue: String?

    @Option(help: ArgumentHelp("At most so many; 0 is all", valueName: "n"))
    var limit: Int = 50

    /// How many may be shown.
    var most: Int { self.limit == 0 ? .max : self.limit }

    func validate() throws {
        if self.limit < 0 { throw ValidationError("--limit \(self.limit) is below zero; 0 is all") }
    }

    /// Says that not all is shown: below a table, and beside JSON, which is for programs.
    func mention(_ text: String, _ output: Output) {
        switch self.database.output {
        case .json: output.error("\(CommandContext.current.program): \(text)")
        case .table: output.line(text)
        }
    }
}

extension Control {
    /// Visits the steps of a run in order, page by page, until `body` wants no more of them.
    func visitSteps(of run: ItemRecord, _ body: (ItemRecord) throws -> Bool) async throws {
        var last: ItemRecord?
        while true {
            let page = try await self.journal(of: run, after: last)
            guard let end = page.last else { return }
            last = end
            for step in page { guard try body(step) else { return } }
        }
    }
}
