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

    @OptionGroup var selection: SelectionOptions

    @Option(help: "Only this state; may be given several times")
    var state: [ItemState] = []

    @Option(help: ArgumentHelp("Go on after this item", valueName: "item"))
    var after: ItemName?

    func validate() throws {
        try self.selection.validate()
    }

    func run() async throws {
        let output = CommandContext.current.output
        let isTable = self.selection.database.output == .table
        var table = TextTable("ITEM", "STATE", "TRIES#", "AGE#", "QUEUE", "KEY", "RESULT")
        let last = try await self.selection.database.withControl { control in
            let now = control.store.environment.clock.now
            return try await self.forEach(control) { record in
                let view = ItemView(record: record)
                guard isTable else { return output.line(view.json.text) }
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
        if isTable {
            guard !table.isEmpty else { return output.line("There are no such items.") }
            output.table(table)
        }
        if let last { self.selection.mention("There are more: --after \(last.id.key), or --limit 0 for all.", output) }
    }

    /// Visits what is asked for, page by page.
    /// - Returns: the last item, when there are more after it.
    private func forEach(_ control: Control, _ body: (ItemRecord) -> Void) async throws -> ItemRecord? {
        var last: ItemRecord?
        if let after = self.after { last = try await control.describe(after.reference) }
        var left = self.selection.most
        while true {
            // One more than is shown tells whether there are more.
            let wanted = left == .max ? 1000 : min(left + 1, 1000)
            let page = try await control.list(
                queue: self.selection.queue,
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
