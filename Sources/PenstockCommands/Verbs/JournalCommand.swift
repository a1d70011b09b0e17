import Penstock

/// `journal`: the steps of a run.
struct JournalCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "journal", abstract: "Show the steps of a run in order")
    }

    @Argument(help: "~NUMBER as 'list' shows it, or QUEUE/KEY")
    var run: ItemName

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        let output = CommandContext.current.output
        var table = TextTable("STEP#", "CALL", "STATE", "TRIES#", "TOOK#", "INPUT", "RESULT")
        try await self.database.withControl { control in
            let record = try await control.describe(self.run.reference)
            var last: ItemRecord?
            while true {
                let page = try await control.journal(of: record, after: last)
                guard let end = page.last else { return }
                last = end
                for step in page {
                    let view = ItemView(record: step)
                    guard self.database.output == .table else {
                        var json = view.json
                        json.add("step", step.id.step)
                        output.line(json.text)
                        continue
                    }
                    table.add(
                        "\(step.id.step)",
                        step.queue,
                        step.state.rawValue,
                        "\(step.attempt)",
                        view.duration,
                        Words.shortened(step.payload.text, to: 40),
                        Words.shortened(view.outcome, to: 40)
                    )
                }
            }
        }
        guard self.database.output == .table else { return }
        if table.isEmpty { return output.line("\(self.run.text) has no steps.") }
        output.table(table)
    }
}
