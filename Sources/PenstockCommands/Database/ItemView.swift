import Penstock

/// A row, as it is shown to programs and to people.
struct ItemView {
    let record: ItemRecord

    /// The name by which the item is found again.
    var name: String {
        self.record.key == self.record.id.key ? self.record.key : "\(self.record.queue)/\(self.record.key)"
    }

    /// The row for programs; these keys are part of the interface.
    var json: JSONObject {
        var object = JSONObject()
        object.add("id", self.record.id.key)
        object.add("queue", self.record.queue)
        object.add("key", self.record.key)
        object.add("state", self.record.state.rawValue)
        object.add("attempt", self.record.attempt)
        object.add("priority", self.record.priority)
        object.add("created", self.record.created)
        object.add("due", self.record.due)
        object.add("settled", self.record.settled)
        object.add("caller", self.record.caller?.key)
        object.add("replyTo", self.record.replyTo)
        object.add("input", payload: self.record.payload)
        object.add("result", payload: self.record.state == .completed ? self.record.result : nil)
        object.add("failure", payload: self.record.state == .completed ? nil : self.record.result)
        return object
    }

    /// What the item has come to, in a few words.
    var outcome: String {
        if self.record.state == .completed { return self.record.result?.text ?? "" }
        return self.record.failure.map { failure in
            let prefix = failure.kind == .failed ? "" : "\(failure.kind.rawValue): "
            return prefix + failure.message
        } ?? ""
    }

    /// How long the item took from its call to its end.
    var duration: String {
        self.record.settled.map { Words.milliseconds($0 - self.record.created) } ?? ""
    }
}

extension Output {
    /// Writes a table that is as wide as the terminal.
    func table(_ table: TextTable) {
        for line in table.lines(columns: self.columns) { self.line(line) }
    }
}
