extension WriteQueue {
    /// A view that accepts another type and pushes what `transform` makes of it.
    public func accepting<Other: Sendable>(
        _ type: Other.Type = Other.self,
        _ transform: @escaping @Sendable (Other) -> Value
    ) -> WriteQueue<Other> {
        let (encode, add) = (self.encode, self.add)
        return WriteQueue<Other>(
            name: self.name,
            store: self.store,
            encode: { value throws(PenstockError) in try encode(transform(value)) },
            add: { value, options, transaction throws(PenstockError) in
                try add(transform(value), options, &transaction)
            },
            isReply: self.isReply
        )
    }

    /// A view that pushes under the keys that `transform` makes of those it is given.
    public func mapKeys(_ transform: @escaping @Sendable (String) -> String) -> WriteQueue<Value> {
        let add = self.add
        return self.adding { value, options, transaction throws(PenstockError) in
            var options = options
            options.key = options.key.map(transform)
            try add(value, options, &transaction)
        }
    }

    /// A view that pushes only values that satisfy `predicate`, and drops the others.
    public func filter(_ predicate: @escaping @Sendable (Value) -> Bool) -> WriteQueue<Value> {
        let add = self.add
        return self.adding { value, options, transaction throws(PenstockError) in
            if predicate(value) { try add(value, options, &transaction) }
        }
    }

    /// A view that pushes every value into this queue and another of the same store, all or none.
    public func tee(_ other: WriteQueue<Value>) -> WriteQueue<Value> {
        let add = self.add
        return self.adding { value, options, transaction throws(PenstockError) in
            try add(value, options, &transaction)
            try other.add(value, options, &transaction)
        }
    }

    /// A view that sends values of one type elsewhere, and the others into this queue.
    ///
    /// ```swift
    /// let outlet = rest.route(Apple.self, to: apples).route(Pear.self, to: pears)
    /// ```
    public func route<Other: Sendable>(_ type: Other.Type, to other: WriteQueue<Other>) -> WriteQueue<Value> {
        let add = self.add
        return self.adding { value, options, transaction throws(PenstockError) in
            if let match = value as? Other {
                try other.add(match, options, &transaction)
            } else {
                try add(value, options, &transaction)
            }
        }
    }

    private func adding(
        _ add: @escaping @Sendable (Value, PushOptions, inout Transaction) throws(PenstockError) -> Void
    ) -> WriteQueue<Value> {
        WriteQueue(name: self.name, store: self.store, encode: self.encode, add: add, isReply: false)
    }
}
