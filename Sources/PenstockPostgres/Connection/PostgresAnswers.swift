/// The answers to what was sent, as they come in.
struct PostgresAnswers {
    /// A part of the answer that is expected; each has one result and then none, or for a script, any number.
    enum Part {
        /// The server has taken a statement in.
        case compilation(Int)
        /// It has run it.
        case answer(Int)
        /// The batch is over.
        case end
        /// It has run statements of a script.
        case script
    }

    private var parts: [Part] = []
    private var next = 0
    /// Whether the part that is coming in has a result.
    private var hasResult = false

    /// The answers of the statements, in their order.
    private(set) var rows: [PostgresRows] = []
    /// The first error.
    private(set) var failure: PostgresError?
    /// The statements that were taken in, by their index.
    private(set) var compiled: [Int] = []

    /// Expects answers to so many statements.
    init(count: Int) {
        self.rows.reserveCapacity(count)
        self.parts.reserveCapacity(count + 1)
    }

    /// Expects a part behind the others.
    mutating func expect(_ part: Part) {
        self.parts.append(part)
    }

    /// Whether everything that is expected has come.
    var isComplete: Bool { self.next == self.parts.count }

    /// The first statement that has not been answered.
    var firstOpen: Int? {
        for part in self.parts[self.next...] {
            if case .compilation(let index) = part { return index }
            if case .answer(let index) = part { return index }
        }
        return nil
    }

    /// The statement that the coming results belong to.
    private var index: Int? {
        guard !self.isComplete else { return nil }
        switch self.parts[self.next] {
        case .compilation(let index), .answer(let index): return index
        case .end, .script: return nil
        }
    }

    /// A statement was done.
    mutating func succeeded(_ rows: PostgresRows) {
        self.hasResult = true
        switch self.parts[self.next] {
        case .compilation(let index): self.compiled.append(index)
        case .answer: self.rows.append(rows)
        case .end, .script: break
        }
    }

    /// The server refused a statement.
    mutating func failed(_ error: ServerError) {
        self.hasResult = true
        if self.failure == nil { self.failure = error.error(.statement, index: self.index) }
    }

    /// The server passed over a statement.
    mutating func skipped() {
        self.hasResult = true
    }

    /// The server has come to the end of the batch.
    /// - Returns: whether that was expected.
    mutating func ended() -> Bool {
        guard !self.isComplete, case .end = self.parts[self.next] else { return false }
        self.next += 1
        return true
    }

    /// There are no more results to a part.
    /// - Returns: whether there had been any.
    mutating func finishedPart() -> Bool {
        guard self.hasResult, !self.isComplete else { return false }
        self.next += 1
        self.hasResult = false
        return true
    }
}
