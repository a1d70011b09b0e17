import Penstock

#if Postgres
import CPostgres
#endif

/// Sending and receiving, both at the same time: a server whose answers nobody takes does not read either.
extension PostgresConnection {
    /// What an exchange goes on until.
    enum Goal {
        /// Everything that libpq was given is on its way.
        case sent
        /// Everything that is expected has come.
        case answered
    }

    /// How long decrypted bytes may lie in the library that decrypts, which `poll` does not see, in milliseconds.
    private static let glance: Int32 = 20

    /// Sends what libpq was given, and takes what comes, until the goal is reached.
    func exchange(_ goal: Goal, _ answers: inout PostgresAnswers, _ deadline: Deadline) throws(PostgresError) {
        let handle = try unsafe self.usable()
        let isEncrypted = unsafe PQsslInUse(handle) != 0 || PQgssEncInUse(handle) != 0
        let most = isEncrypted ? Self.glance : nil
        while true {
            let unsent = unsafe PQflush(handle)
            try self.take(&answers)
            switch goal {
            case .sent: if unsent == 0 { return }
            case .answered: if answers.isComplete { return self.hear() }
            }
            guard unsent >= 0, unsafe PQstatus(handle) == CONNECTION_OK else { throw self.lose(at: answers.firstOpen) }
            let socket = PolledFile(unsafe PQsocket(handle), writing: unsent > 0)
            let ready = PolledFile.wait(for: socket, milliseconds: deadline.milliseconds(atMost: most))
            if ready.isEmpty, deadline.isOver {
                throw self.giveUp(
                    PostgresError(
                        .timedOut,
                        "the server has not answered within the time limit",
                        index: answers.firstOpen
                    )
                )
            }
            guard unsafe PQconsumeInput(handle) == 1 else {
                // Everything may have come before the end.
                try self.take(&answers)
                guard goal == .answered, answers.isComplete else { throw self.lose(at: answers.firstOpen) }
                return self.hear()
            }
        }
    }

    /// Takes the results that have come, and waits for none.
    private func take(_ answers: inout PostgresAnswers) throws(PostgresError) {
        let handle = try unsafe self.usable()
        while !answers.isComplete, unsafe PQisBusy(handle) == 0 {
            guard let result = unsafe PQgetResult(handle) else {
                // Once a connection is lost, there is no result again and again.
                guard answers.finishedPart() else { throw self.lose(at: answers.firstOpen) }
                continue
            }
            switch unsafe PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
                answers.succeeded(unsafe PostgresRows(result))
                continue
            case PGRES_PIPELINE_ABORTED: answers.skipped()
            case PGRES_PIPELINE_SYNC:
                unsafe PQclear(result)
                guard answers.ended() else { throw self.giveUp(self.confusion(answers)) }
                continue
            case PGRES_FATAL_ERROR:
                let error = unsafe ServerError(result)
                unsafe PQclear(result)
                // An error of libpq's own, or one after which the server closes.
                guard let error else { throw self.lose(at: answers.firstOpen) }
                if error.isFatal { throw self.giveUp(error.error(.lost, index: answers.firstOpen)) }
                answers.failed(error)
                continue
            default:
                // To copy takes a conversation of its own, and there is no other way out of it.
                unsafe PQclear(result)
                throw self.giveUp(self.confusion(answers))
            }
            unsafe PQclear(result)
        }
    }

    private func confusion(_ answers: PostgresAnswers) -> PostgresError {
        PostgresError(
            .invalid,
            "the server answered what was not expected, as COPY does, which cannot be used here",
            index: answers.firstOpen
        )
    }

    /// Runs statements that have no values, one after the other, outside of any batch.
    ///
    /// They are one transaction, unless the text says otherwise. What they answer is left aside.
    ///
    /// - Throws: the error of the statement that failed, after which the rest is not run.
    func script(_ sql: String) throws(PostgresError) {
        guard self.batch.isEmpty else { throw PostgresError(.invalid, "a batch is being built: finish it first") }
        guard !sql.utf8.contains(0) else { throw PostgresError(.invalid, "the script has a zero byte") }
        let handle = try unsafe self.usable()
        guard unsafe PQexitPipelineMode(handle) == 1, unsafe PQsendQuery(handle, sql) == 1 else { throw self.lose() }
        var answers = PostgresAnswers(count: 1)
        answers.expect(.script)
        try self.exchange(.answered, &answers, Deadline(after: self.timeLimit))
        guard unsafe PQenterPipelineMode(handle) == 1 else { throw self.lose() }
        if var failure = answers.failure {
            failure.sql = sql
            throw failure
        }
    }
}
