import Penstock

/// `show`: one run or item, and what it waits for.
struct ShowCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "show", abstract: "Show one run or item, and what it waits for")
    }

    @OptionGroup var target: ItemOptions

    func run() async throws {
        let output = CommandContext.current.output
        try await self.target.database.withControl { control in
            let record = try await control.describe(self.target.item.reference)
            let view = ItemView(record: record)
            guard self.target.database.output == .table else { return output.line(view.json.text) }
            for (name, value) in Self.fields(of: record) where !value.isEmpty {
                let gap = String(repeating: " ", count: 10 - name.count)
                output.line("\(name)\(gap)\(PlainText(value).text)")
            }
            guard !record.state.isSettled else { return }
            for reason in try await Self.reasons(record, control) { output.line(PlainText(reason).text) }
        }
    }

    private static func fields(of record: ItemRecord) -> [(String, String)] {
        let failure = record.failure
        return [
            ("item", record.id.key),
            ("queue", record.queue),
            ("key", record.key == record.id.key ? "" : record.key),
            ("state", record.state.rawValue),
            ("tries", "\(record.attempt)"),
            ("priority", record.priority == 0 ? "" : "\(record.priority)"),
            ("created", record.created.iso8601),
            ("due", record.due == record.created ? "" : record.due.iso8601),
            ("settled", record.settled.map { "\($0.iso8601) after \(Words.milliseconds($0 - record.created))" } ?? ""),
            ("caller", record.caller?.key ?? ""),
            ("reply to", record.replyTo ?? ""),
            ("input", record.payload.text),
            ("result", record.state == .completed ? record.result?.text ?? "" : ""),
            ("failure", failure.map { "\($0)" } ?? ""),
            ("differs", failure?.divergence.map { "\($0)" } ?? ""),
        ]
    }

    /// Why an item has not ended, one line each.
    private static func reasons(_ record: ItemRecord, _ control: Control) async throws -> [String] {
        let now = control.store.environment.clock.now
        switch record.state {
        case .ready where record.due > now: return ["It is not due before \(record.due.iso8601)."]
        case .ready: return ["It waits for an engine that runs '\(record.queue)', or for somebody to resolve it."]
        case .diverged where record.failure?.kind == .damaged:
            return ["Something of it was damaged: 'restart' begins it again, and 'delete' removes it."]
        case .diverged: return ["It waits for mended code: then 'resume' replays it, or 'restart' begins it again."]
        case .parked: return try await Self.steps(record, control, now: now)
        case .completed, .failed, .cancelled: return []
        }
    }

    private static func steps(_ run: ItemRecord, _ control: Control, now: Timestamp) async throws -> [String] {
        var reasons: [String] = []
        try await control.visitSteps(of: run) { step in
            guard !step.state.isSettled else { return true }
            guard reasons.count < 20 else {
                reasons.append("… and others: see 'journal'.")
                return false
            }
            let age = Words.age(step.created, now: now)
            reasons.append("It waits for step \(step.id.step), \(step.queue) (\(step.id.key)), for \(age) now.")
            return true
        }
        return reasons
    }
}
