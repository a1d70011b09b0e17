import Penstock

/// The digests that stand beside what they are digests of, so that a flipped bit is noticed and not served.
///
/// A row has two: one of what never changes, and one of what every settlement changes, so that neither has to be read
/// when the other is written. Both begin with the address: a whole row in the wrong place is noticed too.
enum RowCheck {
    /// The digest of what never changes in a row, whose queues have these numbers.
    static func content(of record: ItemRecord, queue: Int64, replyTo: Int64?) -> Int64 {
        var digest = Self.begin(record.id)
        digest.add(record.number)
        digest.add(queue)
        digest.add(record.chosenKey.map { Array($0.utf8) })
        digest.add(Int64(record.priority))
        digest.add(record.created.milliseconds)
        digest.add(record.digest)
        digest.add(record.caller?.run)
        digest.add(record.caller.map { Int64($0.step) })
        digest.add(replyTo)
        digest.add(record.payload.bytes)
        return Int64(bitPattern: digest.value)
    }

    /// The digest of what a settlement writes.
    static func state(of id: ItemID, _ change: RowChange) -> Int64 {
        var digest = Self.begin(id)
        digest.add(change.state.code)
        digest.add(change.due.milliseconds)
        digest.add(Int64(change.attempt))
        digest.add(change.token)
        digest.add(change.settled?.milliseconds)
        digest.add(change.result?.bytes)
        return Int64(bitPattern: digest.value)
    }

    /// The digest of a queue's number and name.
    static func queue(_ number: Int64, _ name: String) -> Int64 {
        var digest = Digest()
        digest.add(number)
        digest.add(Array(name.utf8))
        return Int64(bitPattern: digest.value)
    }

    /// The digest of one of the store's own numbers.
    static func meta(_ key: String, _ value: Int64) -> Int64 {
        var digest = Digest()
        digest.add(Array(key.utf8))
        digest.add(value)
        return Int64(bitPattern: digest.value)
    }

    private static func begin(_ id: ItemID) -> Digest {
        var digest = Digest()
        digest.add(id.root)
        digest.add(id.run)
        digest.add(Int64(id.step))
        return digest
    }
}

extension ItemRecord {
    /// Whether a store can have written these numbers: they grow from the root of a tree down, and can be counted on.
    ///
    /// Digests tell what a disk has changed. A file that somebody has made by hand may have digests that are right.
    var isPossible: Bool {
        let numbers = 1...(Int64.max >> 1)
        guard numbers.contains(self.number), (0...Int(Int32.max)).contains(self.attempt) else { return false }
        guard !self.id.isRoot else { return self.id.root == self.number && self.id.run == self.number }
        return self.id.step > 0 && self.id.step <= Int(numbers.upperBound) && numbers.contains(self.id.root)
            && self.id.run >= self.id.root && self.number > self.id.run
    }

    /// What the last settlement wrote.
    var lastChange: RowChange {
        RowChange(
            state: self.state,
            due: self.due,
            attempt: self.attempt,
            token: self.token,
            settled: self.settled,
            result: self.result
        )
    }
}
