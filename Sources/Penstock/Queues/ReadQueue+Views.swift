extension ReadQueue {
    /// A view of the same items with their values transformed.
    public func map<Other: Sendable>(_ transform: @escaping @Sendable (Value) -> Other) -> ReadQueue<Other> {
        let decode = self.decode
        return ReadQueue<Other>(
            name: self.name,
            store: self.store,
            decode: { record throws(PenstockError) in transform(try decode(record)) },
            shownKey: self.shownKey,
            storedKey: self.storedKey,
            includes: self.includes
        )
    }

    /// A view of the same items under other keys: `shown` makes a key of this view from one of the queue's, and
    /// `stored` goes back.
    public func mapKeys(
        shown: @escaping @Sendable (String) -> String,
        stored: @escaping @Sendable (String) -> String
    ) -> ReadQueue<Value> {
        let (shownBefore, storedBefore) = (self.shownKey, self.storedKey)
        return ReadQueue(
            name: self.name,
            store: self.store,
            decode: self.decode,
            shownKey: { shown(shownBefore($0)) },
            storedKey: { storedBefore(stored($0)) },
            includes: self.includes
        )
    }

    /// A view of those items whose value satisfies `predicate`; the others stay for other readers.
    ///
    /// Leasing from such a view looks at the waiting items one after the other until one fits.
    public func filter(_ predicate: @escaping @Sendable (Value) -> Bool) -> ReadQueue<Value> {
        let (decode, before) = (self.decode, self.includes)
        return ReadQueue(
            name: self.name,
            store: self.store,
            decode: decode,
            shownKey: self.shownKey,
            storedKey: self.storedKey,
            includes: { record throws(PenstockError) in
                if let before, !(try before(record)) { return false }
                return predicate(try decode(record))
            }
        )
    }
}
