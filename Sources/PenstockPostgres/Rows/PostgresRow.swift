import Penstock

/// A row as the server has it: an item, and who holds it.
struct PostgresRow {
    /// The item.
    var record: ItemRecord
    /// The process that holds it; `nil` when nobody does.
    var holder: Int64?
    /// How many wake-ups others have sent its holder since the lease began.
    var wakes: Int32 = 0
    /// Whether its holder is waiting with it, so that its attempt does not count if the process dies.
    var isResting = false
    /// Whether it has ever called anything.
    var hasSteps = false

    /// How it counts for its queue.
    var count: QueuePlace? {
        switch self.record.state {
        case .ready: self.holder == nil ? .ready : .leased
        case .parked, .diverged: .parked
        case .completed, .failed, .cancelled: nil
        }
    }
}

/// Which of a queue's counts an item is in.
enum QueuePlace: Hashable {
    /// It waits for its due time or a worker.
    case ready
    /// A worker holds it.
    case leased
    /// It is a run that waits.
    case parked
}

extension PostgresRow {
    /// What is read of a row of `items`, in order.
    static let columns = """
        root, run, step, number, queue, key, state, priority, due, created, NULL::bigint AS settled, attempt, token, \
        digest, caller_run, caller_step, reply_to, payload, result, holder, wakes, resting, has_steps
        """

    /// The same of a row of `settled`.
    static let settledColumns = """
        root, run, step, number, queue, key, state, priority, due, created, settled, attempt, token, digest, \
        caller_run, caller_step, reply_to, payload, result, NULL::bigint AS holder, 0 AS wakes, false AS resting, \
        has_steps
        """

    /// Reads one row of an answer that begins with ``columns``.
    init(_ rows: PostgresRows, _ row: Int) throws(PostgresError) {
        let id = ItemID(
            root: try rows.int64(row, 0),
            run: try rows.int64(row, 1),
            step: Int(try rows.int32(row, 2))
        )
        guard let state = ItemState(code: try rows.int16(row, 6)) else {
            throw PostgresError(.invalid, "item \(id.key) has a state that this program does not know")
        }
        var caller: ItemID?
        if try !rows.isNull(row, 14) {
            caller = ItemID(root: id.root, run: try rows.int64(row, 14), step: Int(try rows.int32(row, 15)))
        }
        let payload = Payload(bytes: try rows.bytes(row, 17))
        self.record = ItemRecord(
            id: id,
            number: try rows.int64(row, 3),
            queue: try rows.text(row, 4),
            key: try rows.isNull(row, 5) ? nil : try rows.text(row, 5),
            state: state,
            priority: Int(try rows.int16(row, 7)),
            due: Timestamp(milliseconds: try rows.int64(row, 8)),
            created: Timestamp(milliseconds: try rows.int64(row, 9)),
            settled: try rows.isNull(row, 10) ? nil : Timestamp(milliseconds: try rows.int64(row, 10)),
            attempt: Int(try rows.int32(row, 11)),
            token: try rows.int64(row, 12),
            // Whoever pushed it in plain SQL has left this to us.
            digest: try rows.isNull(row, 13) ? payload.digest : UInt64(bitPattern: try rows.int64(row, 13)),
            payload: payload,
            result: try rows.isNull(row, 18) ? nil : Payload(bytes: try rows.bytes(row, 18)),
            caller: caller,
            replyTo: try rows.isNull(row, 16) ? nil : try rows.text(row, 16)
        )
        self.holder = try rows.isNull(row, 19) ? nil : try rows.int64(row, 19)
        self.wakes = try rows.int32(row, 20)
        self.isResting = try rows.bool(row, 21)
        self.hasSteps = try rows.bool(row, 22)
    }

    /// Makes a row that nobody holds.
    init(_ record: ItemRecord) {
        self.record = record
    }
}

extension ItemState {
    /// The state as the rows have it.
    var code: Int16 {
        switch self {
        case .ready: 0
        case .parked: 1
        case .diverged: 2
        case .completed: 3
        case .failed: 4
        case .cancelled: 5
        }
    }

    /// Reads a state back; `nil` for a number that is none.
    init?(code: Int16) {
        switch code {
        case 0: self = .ready
        case 1: self = .parked
        case 2: self = .diverged
        case 3: self = .completed
        case 4: self = .failed
        case 5: self = .cancelled
        default: return nil
        }
    }
}

extension ItemQuery {
    /// The states as bits, where none named means all.
    var mask: Int32 {
        guard !self.states.isEmpty else { return 0x3f }
        return self.states.reduce(0) { $0 | (1 << Int32($1.code)) }
    }
}
