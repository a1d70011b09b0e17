import Penstock

/// What has to hold of a history as a whole, whatever order its calls were done in.
///
/// It is the algebra of sets, in a time that grows with the history: it also finds something in histories that are too
/// entangled to be searched.
struct HistoryInvariants {
    private let split: ItemHistories
    private let lives: HistoryLives
    private(set) var findings: [HistoryFinding] = []
    /// What is there in the end, if somebody looked at all of it when nothing was going on any more.
    let rows: [HistoryRow]?

    init(_ split: ItemHistories) {
        self.split = split
        self.lives = HistoryLives(split.history, split.names)
        self.rows = Self.finalRows(split.history)
        self.checkNames()
        self.checkEnds()
        self.findings += FencingCheck(split).findings
        if let rows = self.rows { self.check(rows, split.history.count - 1) }
    }

    /// How many items were made, as far as anybody was told.
    var pushed: Int { self.lives.pushed }

    private mutating func find(_ promise: HistoryFinding.Promise, _ id: String?, _ account: String, _ place: Int) {
        let item = id.flatMap { self.split.names[$0]?.description }
        self.findings.append(HistoryFinding(promise: promise, item: item, account: account, call: place + 1))
    }

    /// Whether an item belongs to runs, or to others of whom the history does not tell.
    private func isUnchecked(_ id: String) -> Bool {
        self.split.names[id].map { self.split.items[$0] == nil } ?? false
    }

    private mutating func checkNames() {
        for (text, place) in self.split.names.problems { self.find(.oneItem, nil, text, place) }
        for (id, first, second) in self.lives.doubles {
            let account = "calls \(first + 1) and \(second + 1) were both told that they made item \(id)"
            self.find(.oneItem, id, account, second)
        }
        for id in self.split.evidence.inventions where !self.isUnchecked(id) {
            let place = self.split.names.shown[id]?.first?.event ?? 0
            self.find(.noInvention, id, "item \(id) was shown, and nobody can have pushed it", place)
        }
        for (place, event) in self.split.history.events.enumerated() {
            guard case .item(.key(let queue, let key)) = event.call, case .row(let row?) = event.outcome else {
                continue
            }
            guard key.first != "~", (row.queue, row.key) != (queue, key) else { continue }
            self.find(.oneItem, row.id, "it was shown to somebody who asked for key '\(key)' of '\(queue)'", place)
        }
    }

    private mutating func checkEnds() {
        for id in self.lives.ids {
            let life = self.lives[id]
            guard life.ends.count > 1 + life.restarts else { continue }
            let ends = life.ends.map { "\($0.state.rawValue) with \($0.result)" }.sorted().joined(separator: ", ")
            self.find(.oneResult, id, "item \(id) has ended as \(ends), and was not begun again so often", life.lastEnd)
        }
    }

    // MARK: What is there in the end

    /// Holds what there is in the end against what was told.
    private mutating func check(_ rows: [HistoryRow], _ end: Int) {
        var found: [String: HistoryRow] = [:]
        var keys: [ItemName: String] = [:]
        for row in rows {
            if found.updateValue(row, forKey: row.id) != nil { self.find(.oneItem, row.id, "it is listed twice", end) }
            if let other = keys.updateValue(row.id, forKey: ItemName(queue: row.queue, key: row.key)), other != row.id {
                self.find(.oneItem, row.id, "items \(other) and \(row.id) both have the key", end)
            }
        }
        for id in self.lives.ids where !self.isUnchecked(id) {
            let life = self.lives[id]
            if let row = found[id] {
                self.check(row, life, end)
            } else if let birth = life.birth, !life.mayBeGone {
                let account = "call \(birth + 1) was told that it made item \(id), which nobody took out"
                self.find(.noLoss, id, account + ", and which is not there", end)
            }
        }
    }

    private mutating func check(_ row: HistoryRow, _ life: HistoryLives.Life, _ end: Int) {
        if life.restarts == 0, let told = life.ends.first, life.ends.count == 1 {
            if !told.fits(row) {
                let account = "item \(row.id) was told to have ended as \(told.state.rawValue) with \(told.result)"
                let now = "\(row.state.rawValue) with \(row.result ?? "nothing")"
                self.find(.oneResult, row.id, "\(account), and is \(now)", end)
            }
        } else if row.state == .completed, !life.ends.union(life.possibleEnds).contains(where: { $0.fits(row) }) {
            self.find(.oneResult, row.id, "nobody has ended item \(row.id) with \(row.result ?? "nothing")", end)
        }
        if row.attempt > life.grants + life.possibleAttempts {
            let account = "item \(row.id) counts \(row.attempt) attempts, and was leased \(life.grants) times"
            self.find(.attempts, row.id, account, end)
        }
    }

    /// The rows of all roots, when the last calls of a history have listed them and nothing was going on beside.
    private static func finalRows(_ history: History) -> [HistoryRow]? {
        var rows: [HistoryRow] = []
        var first = history.events.endIndex
        for event in history.events.reversed() {
            guard case .items(nil, false, [], _, let isWhole) = event.call, case .rows(let page) = event.outcome else {
                return nil
            }
            first -= 1
            rows = page + rows
            guard isWhole else { continue }
            let isQuiet = history.events[..<first].allSatisfy { ($0.returned ?? .min) < history.events[first].invoked }
            return isQuiet ? rows : nil
        }
        return nil
    }
}
