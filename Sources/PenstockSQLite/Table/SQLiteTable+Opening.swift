package import Penstock

/// What the last owner of a database was working on when it died, as far as that is known.
package protocol LastClaims: Sendable {
    /// What was claimed, if it was in that epoch.
    func suspects(ofEpoch epoch: Int64) -> [ItemID]

    /// The last owner's claims are settled; those to come are of `epoch`.
    func takenOver(epoch: Int64)
}

/// Taking a file over from the process before, and leaving it to the next.
extension SQLiteTable {
    /// Counts the opening, reserves numbers, and charges an attempt to each item that the last owner died over.
    ///
    /// The owner's file says in which epoch its claims were made. When that is not the last one, they were charged
    /// already, or belong to another copy of the database.
    func takeOver(from owner: any LastClaims) throws(PenstockError) {
        let last = try self.meta("epoch")
        let next = try self.meta("next_number")
        let suspects = owner.suspects(ofEpoch: last)
        self.epoch = last + 1
        self.numbers.open(at: next)
        try self.begin()
        do throws(PenstockError) {
            try self.setMeta("epoch", self.epoch)
            try self.reserveNumbers()
            for id in suspects {
                try self.charge(id)
            }
            try self.commit()
        } catch {
            self.rollback()
            throw error
        }
        owner.takenOver(epoch: self.epoch)
        guard !suspects.isEmpty else { return }
        self.report(
            Notice(.warning, "'\(self.path)': its last owner died over \(suspects.count) items, which lose an attempt")
        )
    }

    private func charge(_ id: ItemID) throws(PenstockError) {
        let record: ItemRecord?
        do throws(PenstockError) {
            record = try self.item(id)
        } catch  where error.code == .damaged {
            // It is not served any more, so there is nobody to be charged.
            return
        }
        guard let record, record.state == .ready else { return }
        var change = record.lastChange
        change.attempt += 1
        _ = try self.update(id, expecting: .ready, change)
    }

    /// Lets go of the file: what is in the write-ahead log goes into the database, if nothing is in the way.
    package func close() {
        if self.isWriter, !self.isBroken, self.loss == nil {
            do throws(PenstockError) {
                try self.begin()
                try self.setMeta("next_number", self.numbers.next)
                try self.commit()
                _ = try self.connection.checkpoint(truncating: true)
            } catch {
                self.rollback()
                self.report(Notice(.warning, "'\(self.path)' was closed without its last checkpoint: \(error)"))
            }
        }
        self.letGo()
    }

    func letGo() {
        self.statements = self.statements.map { _ in nil }
        self.connection.close()
    }
}
