public import Penstock

/// What clients asked of a store, when, and what came of it.
///
/// A history is written as lines of JSON: one when a call begins, one when it has ended, and one for each process that
/// has died. A call without an end is one whose client died in the middle of it.
public struct History: Sendable {
    /// The calls, in the order in which they began.
    private(set) var events: [HistoryEvent] = []
    /// What became of processes, by their numbers.
    private(set) var deaths: [Int: Death] = [:]
    private var lines: [HistoryLine] = []

    /// The end of a process.
    struct Death {
        /// From when on it may have been dead.
        var at: Int64
        /// From when on nothing happens any more that it had asked for.
        var goneBy: Int64?
    }

    /// How many calls there are.
    public var count: Int { self.events.count }

    /// Joins what several processes have written, each text being the lines of one of them.
    ///
    /// Their instants have to be of one clock: ``HistoryClock/uptime``. The last line of a text may be torn, as it is
    /// when the process was killed as it wrote.
    /// - Throws: ``HistoryUnreadable`` for any other line that is not one of a history.
    public init(texts: [String]) throws(HistoryUnreadable) {
        var lines: [HistoryLine] = []
        for (place, text) in texts.enumerated() {
            let parts = text.utf8.split(separator: UInt8(ascii: "\n"))
            for (number, part) in parts.enumerated() {
                do throws(PenstockError) {
                    lines.append(try Payload(bytes: Array(part)).decode(as: HistoryLine.self))
                } catch {
                    let isTorn = number + 1 == parts.count && text.utf8.last != UInt8(ascii: "\n")
                    guard isTorn else { throw HistoryUnreadable(text: place, line: number + 1, cause: error) }
                }
            }
        }
        self.init(lines)
    }

    init(_ lines: [HistoryLine]) {
        self.lines = lines
        var places: [HistoryLine.Source: Int] = [:]
        for line in lines {
            if let call = line.call {
                places[line.source] = self.events.count
                self.events.append(HistoryEvent(source: line.source, invoked: line.at, call: call))
            } else if line.outcome == nil {
                self.deaths[line.source.process] = Death(at: line.at, goneBy: line.goneBy)
            }
        }
        for line in lines {
            guard let outcome = line.outcome, let place = places[line.source] else { continue }
            (self.events[place].returned, self.events[place].outcome) = (line.at, outcome)
        }
        self.events.sort { ($0.invoked, $0.source) < ($1.invoked, $1.source) }
    }

    /// Notes that a process was ended from outside; its leases may end by themselves from then on.
    ///
    /// - Parameters:
    ///   - process: The number of the process.
    ///   - instant: An instant before its end.
    ///   - goneBy: An instant from which on nothing can happen any more that it had asked for: it is gone, and with it
    ///     everybody who worked for it. `nil` when nobody knows; then each of its open calls may happen at any time,
    ///     and the search of a history with many of them takes long.
    public mutating func ended(process: Int, at instant: Int64, goneBy: Int64? = nil) {
        let source = HistoryLine.Source(process: process, client: 0, number: 0)
        self.lines.append(HistoryLine(at: instant, source: source, goneBy: goneBy))
        self.deaths[process] = Death(at: instant, goneBy: goneBy)
    }

    /// The history as it is written.
    public var text: String { self.lines.map { $0.text + "\n" }.joined() }
}

/// A line is not one of a history.
public struct HistoryUnreadable: Error, CustomStringConvertible {
    /// The place of the text among those that were given, from 0.
    public let text: Int
    /// The line, from 1.
    public let line: Int
    /// What is wrong with it.
    public let cause: PenstockError

    /// The error in one line.
    public var description: String {
        "line \(self.line) of history \(self.text) cannot be read, and only the last may be torn: \(self.cause)"
    }
}

/// One call, from its beginning to its end.
struct HistoryEvent: Sendable {
    let source: HistoryLine.Source
    let invoked: Int64
    let call: HistoryCall
    /// When it had ended; `nil` when nobody has heard of its end.
    var returned: Int64?
    var outcome: HistoryOutcome?

    /// Whether the call may have had its effect, and may yet have it, although nobody was told so.
    var isUnknown: Bool {
        guard let outcome else { return true }
        return if case .unknown = outcome { true } else { false }
    }
}

/// A line of a history: the beginning of a call, its end, or the death of a process.
struct HistoryLine: Sendable, Codable {
    /// Who made a call, and which.
    struct Source: Sendable, Hashable, Comparable, Codable {
        var process: Int
        var client: Int
        /// No other call of the process has it.
        var number: Int

        static func < (left: Source, right: Source) -> Bool {
            (left.process, left.client, left.number) < (right.process, right.client, right.number)
        }
    }

    var at: Int64
    var source: Source
    var call: HistoryCall?
    var outcome: HistoryOutcome?
    /// From when on nothing happens any more that a dead process had asked for.
    var goneBy: Int64?

    /// The line as JSON.
    var text: String {
        do throws(PenstockError) {
            return try Payload(encoding: self).text
        } catch {
            // A line is made of texts and whole numbers, which encode.
            preconditionFailure("a line of a history does not encode: \(error)")
        }
    }
}
