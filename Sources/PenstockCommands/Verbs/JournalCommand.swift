import Penstock

/// `journal`: the steps of a run.
struct JournalCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "journal", abstract: "Show the steps of a run in order")
    }

    @OptionGroup var target: ItemOptions

    func run() async throws {
        let output = CommandContext.current.output
        let isTable = self.target.database.output == .table
        var table = TextTable("STEP#", "CALL", "STATE", "TRIES#", "TOOK#", "INPUT", "RESULT")
        try await self.target.database.withControl { control in
            let run = try await control.describe(self.target.item.reference)
            try await control.visitSteps(of: run) { step in
                let view = ItemView(record: step)
                guard isTable else {
                    var json = view.json
                    json.add("step", step.id.step)
                    output.line(json.text)
                    return true
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
                return true
            }
        }
        guard isTable else { return }
        if table.isEmpty { return output.line("\(PlainText(self.target.item.text).text) has no steps.") }
        output.table(table)
    }
}
