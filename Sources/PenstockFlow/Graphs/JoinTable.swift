/// What a join holds: the items of which the other has not come yet.
///
/// A state machine, without a link or a task. Each item costs the same, however many are held.
@usableFromInline
struct JoinTable<First: Sendable, Second: Sendable> {
    @usableFromInline
    enum Key: Hashable {
        case lineage(Lineage)
        case place(Int)
        case value(AnyHashable)

        /// By what those that are held can be put into an order, which matters where they are joined by their places.
        var order: Int {
            switch self {
            case .lineage(let lineage): lineage.number
            case .place(let place): place
            case .value: 0
            }
        }
    }

    /// One of the two streams.
    @usableFromInline
    struct Side<Item: Sendable> {
        /// Items of which the other has not come, by key, each key's in the order in which they came.
        @usableFromInline
        var waiting: [Key: ArraySlice<Envelope<Item>>] = [:]
        @usableFromInline
        var held = 0
        /// How many have come, those that were dropped included.
        @usableFromInline
        var places = 0
        @usableFromInline
        var hasEnded = false

        @inlinable
        init() {}

        @inlinable
        mutating func hold(_ envelope: Envelope<Item>, _ key: Key) {
            self.waiting[key, default: []].append(envelope)
            self.held += 1
        }

        @inlinable
        mutating func take(_ key: Key) -> Envelope<Item>? {
            guard let place = self.waiting.index(forKey: key) else { return nil }
            self.held -= 1
            // Taken out in its place, so that the slice is not copied.
            if self.waiting.values[place].count == 1 { return self.waiting.remove(at: place).value.first }
            return self.waiting.values[place].popFirst()
        }

        /// Takes out all that are held, in the order in which they came.
        mutating func takeHeld() -> [Envelope<Item>] {
            let held = self.waiting.sorted { $0.key.order < $1.key.order }.flatMap(\.value)
            (self.waiting, self.held, self.places) = ([:], 0, 0)
            return held
        }

        /// Gives up those of which the other will never come.
        mutating func giveUp() -> [Lineage] {
            let lineages = self.waiting.values.joined().filter { $0.item != nil }.map(\.lineage)
            (self.waiting, self.held) = ([:], 0)
            return lineages
        }
    }

    @usableFromInline
    let rule: JoinRule<First, Second>
    @usableFromInline
    var first = Side<First>()
    @usableFromInline
    var second = Side<Second>()
    /// How many items went because the other was dropped.
    @usableFromInline
    var dropped = 0
    /// Items of which the other will never come: how many there are, and the first of them.
    @usableFromInline
    var unpaired: (first: Int, second: Int, example: Lineage?) = (0, 0, nil)

    @inlinable
    init(_ rule: JoinRule<First, Second>) {
        self.rule = rule
    }

    /// How many items of each stream are held.
    @inlinable
    var held: (first: Int, second: Int) { (self.first.held, self.second.held) }

    /// Takes an item of the first stream.
    /// - Returns: what it comes to; `nil` when the other has not come yet.
    @inlinable
    mutating func takeFirst(_ envelope: Envelope<First>) throws -> Envelope<Joined<First, Second>>? {
        defer { self.first.places += 1 }
        guard let key = try self.key(envelope, self.first.places, self.rule.kind.first) else { return nil }
        if let other = self.second.take(key) { return self.pair(envelope, other) }
        if self.second.hasEnded {
            if envelope.item != nil { self.leave(first: [envelope.lineage]) }
        } else {
            self.first.hold(envelope, key)
        }
        return nil
    }

    /// Takes an item of the second stream.
    /// - Returns: what it comes to; `nil` when the other has not come yet.
    @inlinable
    mutating func takeSecond(_ envelope: Envelope<Second>) throws -> Envelope<Joined<First, Second>>? {
        defer { self.second.places += 1 }
        guard let key = try self.key(envelope, self.second.places, self.rule.kind.second) else { return nil }
        if let other = self.first.take(key) { return self.pair(other, envelope) }
        if self.first.hasEnded {
            if envelope.item != nil { self.leave(second: [envelope.lineage]) }
        } else {
            self.second.hold(envelope, key)
        }
        return nil
    }

    /// Takes out all that are held, as if none had come: to be taken again before anything else.
    @usableFromInline
    mutating func takeHeld() -> (first: [Envelope<First>], second: [Envelope<Second>]) {
        (self.first.takeHeld(), self.second.takeHeld())
    }

    /// The first stream has ended: what is held of the second is left.
    @usableFromInline
    mutating func endFirst() {
        guard !self.first.hasEnded else { return }
        self.first.hasEnded = true
        self.leave(second: self.second.giveUp())
    }

    /// The second stream has ended: what is held of the first is left.
    @usableFromInline
    mutating func endSecond() {
        guard !self.second.hasEnded else { return }
        self.second.hasEnded = true
        self.leave(first: self.first.giveUp())
    }

    @usableFromInline
    mutating func leave(first: [Lineage] = [], second: [Lineage] = []) {
        self.unpaired.first += first.count
        self.unpaired.second += second.count
        if self.unpaired.example == nil { self.unpaired.example = (first + second).min { $0.number < $1.number } }
    }

    @inlinable
    func key<Item: Sendable>(
        _ envelope: Envelope<Item>,
        _ place: Int,
        _ value: JoinKey<Item>?
    ) throws -> Key? {
        switch self.rule.kind {
        case .lineage: return .lineage(envelope.lineage)
        case .order: return .place(place)
        case .value:
            // What was dropped has no value, and nobody knows who waits for it.
            guard let item = envelope.item, let value = try value?(item) else { return nil }
            return .value(AnyHashable(value))
        }
    }

    @inlinable
    mutating func pair(
        _ first: Envelope<First>,
        _ second: Envelope<Second>
    ) -> Envelope<Joined<First, Second>> {
        guard let left = first.item, let right = second.item else {
            if first.item != nil || second.item != nil { self.dropped += 1 }
            return Envelope(nil, first.lineage)
        }
        return Envelope(Joined(left, right), first.lineage)
    }
}
