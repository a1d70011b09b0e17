import Penstock

/// `list`: runs and items, newest first.
struct ListCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list",
            abstract: "List runs and items, newest first",
            discussion: "The first column is the name under which the other commands find an item."
        )
    }

    @OptionGroup var database: DatabaseOptions

    @Option(help: ArgumentHelp("Only this queue", valueName: "name"))
    var queue: String?

    @Option(help: "Only this state; may be given several times")
    var state: [ItemState] = []

    @Option(help: ArgumentHelp("At most so many; 0 is all", valueName: "n"))
    var limit: Int = 50

    @Option(help: ArgumentHelp("Go on after this item", valueName: "item"))
    var after: ItemName?

    func validate() throws {
        if self.limit < 0 { throw ValidationError("--limit \(self.limit) is below zero; 0 is all") }
    }

    func run() async throws {
        let output = CommandContext.current.output
        var table = TextTable("ITEM", "STATE", "TRIES#", "AGE#", "QUEUE", "KEY", "RESULT")
        let last = try await self.database.withControl { control in
            let now = control.store.environment.clock.now
            return try await self.forEach(control) { record in
                let view = ItemView(record: record)
                guard self.database.output == .table else { return output.line(view.json.text) }
                table.add(
                    record.id.key,
                    record.state.rawValue,
                    "\(record.attempt)",
                    Words.age(record.created, now: now),
                    record.queue,
                    record.key == record.id.key ? "" : Words.shortened(record.key),
                    Words.shortened(view.outcome)
                )
            }
        }
        guard self.database.output == .table else { return }
        guard !table.isEmpty else { return output.line("There are no such items.") }
        output.table(table)
        if let last { output.line("There are more: --after \(last.id.key), or --limit 0 for all.") }
    }

    /// Visits what is asked for, page by page.
    /// - Returns: the last item, when there are more after it.
    private func forEach(_ control: Control, _ body: (ItemRecord) -> Void) async throws -> ItemRecord? {
        var last: ItemRecord?
        if let after = self.after { last = try await control.describe(after.reference) }
        var left = self.limit == 0 ? Int.max : self.limit
        while true {
            // One more than is shown tells whether there are more.
            let wanted = left == .max ? 1000 : min(left + 1, 1000)
            let page = try await control.list(
                queue: self.queue,
                states: Set(self.state),
                after: last,
                limit: wanted
            )
            for record in page {
                guard left > 0 else { return last }
                body(record)
                last = record
                if left != .max { left -= 1 }
            }
            if page.count < wanted { return nil }
        }
    }
}
