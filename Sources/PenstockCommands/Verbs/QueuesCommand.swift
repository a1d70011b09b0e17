import Penstock

/// `queues`: how much waits where.
struct QueuesCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "queues",
            abstract: "Count what waits in each queue",
            discussion: "ready waits for a worker or a person, parked waits for its own steps."
        )
    }

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        let output = CommandContext.current.output
        var table = TextTable("QUEUE", "READY#", "PARKED#")
        try await self.database.withControl { control in
            for count in try await control.store.counts() where count.total > 0 {
                guard self.database.output == .table else {
                    var json = JSONObject()
                    json.add("queue", count.queue)
                    json.add("ready", count.ready)
                    json.add("parked", count.parked)
                    output.line(json.text)
                    continue
                }
                table.add(count.queue, Words.count(count.ready), Words.count(count.parked))
            }
        }
        guard self.database.output == .table else { return }
        if table.isEmpty { return output.line("Nothing waits in any queue.") }
        output.table(table)
    }
}
