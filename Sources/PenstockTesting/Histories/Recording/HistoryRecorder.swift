import Penstock
import Synchronization

/// Writes down what the clients of one process ask of their store, and what comes of it.
///
/// The beginning of a call is written before the call is made, and its end when the answer is there. So whatever
/// happened, happened between the two instants, and a process that dies leaves nothing out that it has begun.
public final class HistoryRecorder: Sendable {
    private let process: Int
    private let clock: HistoryClock
    private let write: (@Sendable (String) -> Void)?
    private let lines = Mutex<[HistoryLine]>([])
    private let calls = Atomic<Int>(0)

    /// Makes a recorder that keeps what it records.
    public init(process: Int = 0, clock: HistoryClock = .counter()) {
        (self.process, self.clock, self.write) = (process, clock, nil)
    }

    /// Makes a recorder that hands each line on and keeps none.
    ///
    /// - Parameters:
    ///   - process: The number of the process, which no other has.
    ///   - clock: A clock that all processes share.
    ///   - write: Takes a line without its end, on the thread of the client, which waits for it. A line has to survive
    ///     the process from then on: writing it to a file will do, without a sync.
    public init(
        process: Int,
        clock: HistoryClock = .uptime,
        write: @escaping @Sendable (_ line: String) -> Void
    ) {
        (self.process, self.clock, self.write) = (process, clock, write)
    }

    /// What was recorded so far, unless it was handed on.
    public var history: History { History(self.lines.withLock { $0 }) }

    /// Writes down that a call begins.
    /// - Returns: what ends it.
    func began(_ call: HistoryCall, by client: Int) -> HistoryLine.Source {
        let number = self.calls.add(1, ordering: .relaxed).newValue
        let source = HistoryLine.Source(process: self.process, client: client, number: number)
        self.add(HistoryLine(at: self.clock.now, source: source, call: call))
        return source
    }

    /// Writes down that a call has ended.
    func ended(_ source: HistoryLine.Source, _ outcome: HistoryOutcome) {
        self.add(HistoryLine(at: self.clock.now, source: source, outcome: outcome))
    }

    private func add(_ line: HistoryLine) {
        guard let write = self.write else { return self.lines.withLock { $0.append(line) } }
        write(line.text)
    }
}
