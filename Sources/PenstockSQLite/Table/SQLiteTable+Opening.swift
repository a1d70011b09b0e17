import Penstock

/// Taking a file over from the process before, and leaving it to the next.
extension SQLiteTable {
    /// Counts the opening, reserves numbers, and charges an attempt to each item that the last owner died over.
    ///
    /// The owner's file says in which epoch its claims were made. When that is not the last one, they were charged
    /// already, or belong to another copy of the database.
    func takeOver(from owner: OwnerFile) throws(PenstockError) {
        let last = try self.connection.integer("SELECT value FROM penstock_meta WHERE key = 'epoch'") ?? 0
        let next = try self.connection.integer("SELECT value FROM penstock_meta WHERE key = 'next_number'") ?? 1
        let suspects = owner.suspects(ofEpoch: last)
        self.epoch = last + 1
        self.numbers.open(at: next)
        try self.begin()
        do throws(PenstockError) {
            try self.setMeta("epoch", self.epoch)
            try self.reserveNumbers()
            for id in suspects {
                let statement = try self.statement(.charge)
                statement.bind(id, from: 1)
                try statement.run()
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

    /// Lets go of the file: what is in the write-ahead log goes into the database, if nothing is in the way.
    func close() {
        if self.isWriter, !self.isBroken {
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
