import Penstock

#if Postgres
import CPostgres
#endif

/// A statement in a batch, with its values.
struct PostgresRequest {
    let statement: PostgresStatement
    let values: PostgresValues
    /// As the server keeps it; `nil` when it is sent whole.
    let kept: KeptStatement?
}

/// Batches: statements that go to the server together, and whose answers come back together.
extension PostgresConnection {
    /// The most values that a statement can have.
    private static let valueLimit = 65_535

    /// How many bytes of values a statement can have, with some room for the rest of the message.
    private static let byteLimit = 1 << 30 - 1 << 16

    /// How many bytes are given to libpq before it is made to send them.
    private static let portion = 1 << 16

    /// Adds a statement to the batch that is being built; nothing is sent yet.
    /// - Throws: when the statement cannot be sent at all; the batch is then as it was before.
    func send(_ statement: PostgresStatement, _ values: PostgresValues = PostgresValues()) throws(PostgresError) {
        _ = try unsafe self.usable()
        guard values.count <= Self.valueLimit, values.bytes.count <= Self.byteLimit else {
            throw PostgresError(
                .invalid,
                "the statement has \(values.count) values of \(values.bytes.count) bytes, more than can be sent",
                sql: statement.sql
            )
        }
        let kept = try self.keptStatement(for: statement, values.types)
        self.batch.append(PostgresRequest(statement: statement, values: values, kept: kept))
    }

    /// Forgets the batch that is being built.
    func discardBatch() {
        self.batch.removeAll(keepingCapacity: true)
    }

    /// Runs one statement alone, as a batch of one.
    func run(
        _ statement: PostgresStatement,
        _ values: PostgresValues = PostgresValues()
    ) throws(PostgresError) -> PostgresRows {
        guard self.batch.isEmpty else {
            throw PostgresError(.invalid, "a batch is being built: finish it first", sql: statement.sql)
        }
        try self.send(statement, values)
        return try self.finish()[0]
    }

    /// Sends the batch, and waits for all of its answers.
    ///
    /// What it answers is in the order of the statements, one for each. When a statement fails, the server passes over
    /// the rest of the batch, and the connection is ready for the next one; what became of an open transaction is in
    /// ``transaction``. Whatever happens, the next batch begins empty.
    ///
    /// - Throws: the error of the statement that failed, with its index; or why the connection was lost.
    func finish() throws(PostgresError) -> [PostgresRows] {
        let requests = self.batch
        self.batch = []
        guard !requests.isEmpty else { return [] }
        let handle = try unsafe self.usable()
        let deadline = Deadline(after: self.timeLimit)
        var answers = PostgresAnswers(count: requests.count)
        var bytes = 0
        for index in requests.indices {
            guard self.submit(requests[index], at: index, &answers) else { throw self.lose(at: index) }
            bytes += requests[index].values.bytes.count + requests[index].statement.sql.utf8.count
            if bytes > Self.portion {
                bytes = 0
                try self.exchange(.sent, &answers, deadline)
            }
        }
        guard unsafe PQpipelineSync(handle) == 1 else { throw self.lose(at: answers.firstOpen) }
        answers.expect(.end)
        try self.exchange(.answered, &answers, deadline)
        self.noteKept(requests, answers)
        if var failure = answers.failure {
            failure.sql = failure.index.map { requests[$0].statement.sql }
            throw failure
        }
        return answers.rows
    }

    // MARK: Statements that are kept

    private func keptStatement(
        for statement: PostgresStatement,
        _ types: [UInt32]
    ) throws(PostgresError) -> KeptStatement? {
        if self.keepsStatements, let kept = self.kept[ObjectIdentifier(statement)] {
            guard kept.types == types else {
                throw PostgresError(
                    .invalid,
                    "the statement was used with values of the types \(kept.types) before, and now with \(types)",
                    sql: statement.sql
                )
            }
            return kept
        }
        // A zero byte would end the text for libpq.
        guard !statement.sql.utf8.contains(0) else {
            throw PostgresError(.invalid, "the statement has a zero byte", sql: statement.sql)
        }
        guard self.keepsStatements, statement.isKept, self.names < Self.keptLimit else { return nil }
        self.names += 1
        let kept = KeptStatement(statement, name: "\(self.prefix)\(self.names)", types: types)
        self.kept[ObjectIdentifier(statement)] = kept
        return kept
    }

    /// Remembers which statements the server has after a batch.
    private func noteKept(_ requests: [PostgresRequest], _ answers: PostgresAnswers) {
        for index in answers.compiled { requests[index].kept?.state = .known }
        guard let failure = answers.failure else { return }
        // Some were not read any more.
        for request in requests where request.kept?.state == .sent { request.kept?.state = .unknown }
        // The server has lost it, or a table has changed under it: it is compiled anew, under another name.
        if let index = failure.index, failure.hasState("26000", "0A000") {
            self.kept[ObjectIdentifier(requests[index].statement)] = nil
        }
    }

    /// Gives a statement to libpq, behind its compilation where that is due.
    private func submit(_ request: PostgresRequest, at index: Int, _ answers: inout PostgresAnswers) -> Bool {
        guard let kept = request.kept else {
            answers.expect(.answer(index))
            return unsafe self.arguments.with(request.values) { count, types, values, lengths, formats in
                unsafe PQsendQueryParams(
                    self.handle,
                    request.statement.sql,
                    count,
                    types,
                    values,
                    lengths,
                    formats,
                    1
                ) == 1
            }
        }
        if kept.state == .unknown {
            let count = Int32(kept.types.count)
            guard unsafe PQsendPrepare(self.handle, kept.name, request.statement.sql, count, kept.types) == 1 else {
                return false
            }
            kept.state = .sent
            answers.expect(.compilation(index))
        }
        answers.expect(.answer(index))
        return unsafe self.arguments.with(request.values) { count, _, values, lengths, formats in
            unsafe PQsendQueryPrepared(self.handle, kept.name, count, values, lengths, formats, 1) == 1
        }
    }
}
