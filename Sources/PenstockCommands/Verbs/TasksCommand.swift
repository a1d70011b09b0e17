import Penstock

/// `tasks`: what waits for a person.
struct TasksCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "tasks",
            abstract: "List what waits for a person or another program",
            discussion: """
                Queues that this program has no pipeline for are listed too, marked with '?'.
                --limit is for each queue.
                """
        )
    }

    @OptionGroup var selection: SelectionOptions

    func validate() throws {
        try self.selection.validate()
    }

    func run() async throws {
        let context = CommandContext.current
        let isTable = self.selection.database.output == .table
        var table = TextTable("ITEM", "AGE#", "TASK", "KEY", "INPUT")
        var hidden: [String] = []
        try await self.selection.database.withControl { control in
            let now = control.store.environment.clock.now
            for count in try await control.store.counts() where count.ready > 0 && self.includes(count.queue, context) {
                let waiting = try await self.waiting(in: count.queue, control.store)
                let mark = context.pipelines[count.queue] == nil ? " ?" : ""
                if count.ready > waiting.count { hidden.append(count.queue) }
                for record in waiting {
                    guard isTable else {
                        context.output.line(ItemView(record: record).json.text)
                        continue
                    }
                    table.add(
                        record.id.key,
                        Words.age(record.created, now: now),
                        record.queue + mark,
                        record.key == record.id.key ? "" : Words.shortened(record.key),
                        Words.shortened(record.payload.text)
                    )
                }
            }
        }
        if isTable {
            guard !table.isEmpty else { return context.output.line("Nothing waits for anybody.") }
            context.output.table(table)
        }
        for queue in hidden {
            self.selection.mention("There are more in '\(queue)': raise --limit, or --limit 0 for all.", context.output)
        }
    }

    private func includes(_ queue: String, _ context: CommandContext) -> Bool {
        if let only = self.selection.queue { return queue == only }
        guard let pipeline = context.pipelines[queue] else { return true }
        return pipeline is any TaskDesk
    }

    private func waiting(in queue: String, _ store: any Store) async throws -> [ItemRecord] {
        var found: [ItemRecord] = []
        while found.count < self.selection.most {
            let page = try await store.items(
                ItemQuery(
                    .waiting(queue: queue),
                    states: [.ready],
                    after: found.last,
                    limit: min(self.selection.most - found.count, 1000)
                )
            )
            if page.isEmpty { break }
            found += page
        }
        return found
    }
}
