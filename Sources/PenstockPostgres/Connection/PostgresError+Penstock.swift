import Penstock

extension PostgresError {
    /// The same as an error of the store's, which says what became of the transaction and what to do.
    func asPenstockError() -> PenstockError {
        switch self.kind {
        case .refused: self.refusal
        case .lost:
            PenstockError(
                .storeUnavailable,
                "the connection to PostgreSQL was lost: what was under way may have been done or not",
                cause: self
            )
        case .timedOut:
            PenstockError(
                .storeUnavailable,
                "PostgreSQL did not answer in time: what was under way may have been done or not",
                cause: self
            )
        case .statement: self.refusalOfStatement
        case .invalid: PenstockError(.storeUnusable, self.message, cause: self)
        }
    }

    /// Why there is no connection; whoever waits may get one, unless something has to be put right first.
    private var refusal: PenstockError {
        if self.hasState("28") {
            return PenstockError(
                .storeUnusable,
                "PostgreSQL does not let this user in: check the user, the password and the server's pg_hba.conf",
                cause: self
            )
        }
        if self.hasState("3D000") {
            return PenstockError(
                .storeUnusable,
                "there is no such database: create it, or give the name of one that exists",
                cause: self
            )
        }
        if self.hasState("42501") { return self.refusalOfPermission }
        if self.hasState("53300") {
            return PenstockError(
                .storeUnavailable,
                "PostgreSQL has no connection left: close some, or raise its max_connections",
                cause: self
            )
        }
        return PenstockError(
            .storeUnavailable,
            "PostgreSQL cannot be reached: see whether it runs at this address",
            cause: self
        )
    }

    private var refusalOfPermission: PenstockError {
        PenstockError(
            .storeUnusable,
            "PostgreSQL does not allow this user to do that: grant the permission, or connect as the owner",
            cause: self
        )
    }

    private var refusalOfStatement: PenstockError {
        guard let state = self.state, state.count == 5 else {
            return PenstockError(.storeUnusable, "PostgreSQL does not do what is expected of it", cause: self)
        }
        switch (state, state.prefix(2)) {
        case ("40001", _), ("40P01", _), ("55P03", _):
            return PenstockError(
                .storeUnavailable,
                "another transaction was in the way: try again; nothing was changed",
                cause: self
            )
        case (_, "53"):
            return PenstockError(
                .storeUnavailable,
                "PostgreSQL has run out of disk, memory or connections: make room; nothing was changed",
                cause: self
            )
        case (_, "57"):
            return PenstockError(
                .storeUnavailable,
                "PostgreSQL is being stopped, or somebody has cancelled the statement; nothing was changed",
                cause: self
            )
        case (_, "58"):
            return PenstockError(
                .storeUnavailable,
                "the disk or the system under PostgreSQL failed: see the server's log; nothing was changed",
                cause: self
            )
        case (_, "08"):
            return PostgresError(.lost, self.message, state: state, sql: self.sql, index: self.index)
                .asPenstockError()
        case (_, "23"):
            return PenstockError(.conflict, "the database refused the change; nothing was changed", cause: self)
        case (_, "54"):
            return PenstockError(.tooLarge, "that is more than PostgreSQL takes; nothing was changed", cause: self)
        case ("25006", _):
            return PenstockError(
                .storeUnusable,
                "the server only reads, as a standby does: give the address of the primary",
                cause: self
            )
        case ("42501", _): return self.refusalOfPermission
        case ("26000", _), ("42P05", _):
            return PenstockError(
                .storeUnusable,
                """
                statements are not kept from one transaction to the next, as behind a pool that gives each of them \
                another connection: say that there is one, or connect to the server itself
                """,
                cause: self
            )
        case (_, "XX"):
            return PenstockError(
                .storeUnusable,
                "PostgreSQL has found its files damaged, or an error of its own: see the server's log",
                cause: self
            )
        default:
            return PenstockError(
                .storeUnusable,
                "the database does not do what this program expects of it",
                cause: self
            )
        }
    }
}
