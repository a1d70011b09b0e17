package import Penstock

/// What the last owner of a database was working on when it died, as far as that is known.
package protocol LastClaims: Sendable {
    /// What was claimed, if it was in that epoch.
    func suspects(ofEpoch epoch: Int64) -> [LeaseReference]

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
            for lease in suspects {
                try self.charge(lease)
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

    private func charge(_ lease: LeaseReference) throws(PenstockError) {
        let record: ItemRecord?
        do throws(PenstockError) {
            record = try self.item(lease.id)
        } catch  where error.code == .damaged {
            // It is not served any more, so there is nobody to be charged.
            return
        }
        // What the owner had recorded when it died, and could not say any more, is no attempt that it died over.
        guard let record, record.state == .ready, record.token < lease.token else { return }
        var change = record.lastChange
        change.attempt += 1
        _ = try self.update(lease.id, expecting: .ready, change)
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
