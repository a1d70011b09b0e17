import Penstock

/// Journals that have lost rows.
extension Quarantine {
    /// Moves rows whose run is not there, and those below them.
    mutating func setOrphansAside() throws(PenstockError) {
        let isOrphan = """
            step > 0 AND NOT EXISTS (SELECT 1 FROM penstock_rows AS caller WHERE caller.root = item.root \
            AND caller.run = item.caller_run AND caller.step = item.caller_step AND caller.number = item.run)
            """
        try self.repeatWhileItHelps { quarantine throws(PenstockError) in
            var count = 0
            for id in try quarantine.ids(isOrphan) {
                guard try quarantine.move(id, because: "the run that called \(id.key) is not there") else { continue }
                quarantine.note("\(id.key) is in quarantine, since the run that called it is not there")
                count += 1
            }
            return count
        }
    }

    /// Does something until it changes nothing more.
    ///
    /// A row that is filed in a wrong place is found by looking through all rows and not by its address, so what a
    /// query finds may be out of reach; or it is found once more, however often it was moved. Each time something is
    /// done about one row at least, so after as many times as there were rows nothing helps any more, and the look at
    /// what is left complains.
    mutating func repeatWhileItHelps(
        _ body: (inout Quarantine) throws(PenstockError) -> Int
    ) throws(PenstockError) {
        var rounds = try self.table.connection.integer("SELECT count(*) FROM penstock_rows") ?? 0
        while rounds >= 0, try body(&self) > 0 { rounds -= 1 }
    }

    /// Puts something in the place of every step that is not there.
    mutating func fillJournals() throws(PenstockError) {
        try self.repeatWhileItHelps { quarantine throws(PenstockError) in
            let gaps = try quarantine.table.connection.prepare(
                """
                SELECT root, run, max(step), count(*) FROM penstock_rows WHERE step > 0 GROUP BY root, run \
                HAVING count(*) <> max(step) LIMIT 1
                """
            )
            // Of very many the look at what is left will complain.
            guard try gaps.step(), gaps.integer(2) - gaps.integer(3) < 10_000 else { return 0 }
            let (root, number, last) = (gaps.integer(0), gaps.integer(1), Int(gaps.integer(2)))
            gaps.reset()
            guard last > 1, let run = try quarantine.run(number, in: root) else { return 0 }
            var count = 0
            for step in 1..<last {
                let place = ItemID(root: root, run: number, step: step)
                guard try quarantine.fill(place, of: run, number: nil) else { continue }
                quarantine.note("step \(step) of \(run.id.key) is not there; \(Self.fate(of: run))")
                count += 1
            }
            return count
        }
    }

    /// Stops runs that wait for a step that was the last of their journal and is not there.
    mutating func stopIdleRuns() throws(PenstockError) {
        let isIdle = """
            state = 1 AND NOT EXISTS (SELECT 1 FROM penstock_rows AS called WHERE called.root = item.root \
            AND called.run = item.number AND called.step > 0 AND called.state < 3)
            """
        try self.repeatWhileItHelps { quarantine throws(PenstockError) in
            var count = 0
            for id in try quarantine.ids(isIdle) {
                guard let run = try quarantine.sound(id) else { continue }
                guard try quarantine.stop(run, "none of the steps that it waited for is there") else { continue }
                quarantine.note("none of the steps that \(id.key) waited for is there; \(Self.fate(of: run))")
                count += 1
            }
            return count
        }
    }

    // MARK: What these are made of

    /// The row of the run that has a number.
    func run(_ number: Int64, in root: Int64) throws(PenstockError) -> ItemRecord? {
        guard let id = try self.ids("root = ? AND number = ?", root, number).first else { return nil }
        return try self.sound(id)
    }

    /// A row, unless it is damaged.
    private func sound(_ id: ItemID) throws(PenstockError) -> ItemRecord? {
        do throws(PenstockError) {
            return try self.table.item(id)
        } catch  where error.code == .damaged {
            return nil
        }
    }

    /// The number under which the steps of a damaged row are filed, if it has some; one that nobody has if not.
    func number(of row: DamagedRow) throws(PenstockError) -> Int64 {
        let id = row.id
        let below = try self.ids("root = ? AND caller_run = ? AND caller_step = ?", id.root, id.run, Int64(id.step))
        if let below = below.first { return below.run }
        return try self.table.nextNumber()
    }

    /// Puts into a journal what no replay gets past, and stops the run.
    ///
    /// Its argument is the number of the row in quarantine.
    /// - Returns: `false` when the place is taken.
    @discardableResult
    mutating func fill(_ place: ItemID, of run: ItemRecord, number: Int64?) throws(PenstockError) -> Bool {
        guard try self.ids("root = ? AND run = ? AND step = ?", place.root, place.run, Int64(place.step)).isEmpty else {
            return false
        }
        let free: Int64 = if let number { number } else { try self.table.nextNumber() }
        let reference = try self.table.connection.integer("SELECT max(id) FROM penstock_quarantine") ?? 0
        let report = "step \(place.step) of the journal was damaged, and is set aside"
        let payload = Payload(bytes: Array("\(reference)".utf8))
        let record = ItemRecord(
            id: place,
            number: free,
            queue: NewStep.quarantined,
            state: .failed,
            due: self.now,
            created: self.now,
            settled: self.now,
            digest: payload.digest,
            payload: payload,
            result: try self.report(report),
            caller: run.id
        )
        guard try self.table.insert(record) else { return false }
        try self.stop(run, report)
        return true
    }

    /// Has a run wait as diverged.
    /// - Returns: `false` when it has ended or does so already.
    @discardableResult
    func stop(_ run: ItemRecord, _ reason: String) throws(PenstockError) -> Bool {
        let change = RowChange(
            state: .diverged,
            due: run.due,
            attempt: run.attempt,
            token: run.token,
            result: try self.report(reason + ": restart or delete the run")
        )
        return try self.table.update(run.id, expecting: [.ready, .parked], change)
    }

    /// Cancels what has not ended below a run that is gone.
    func cancelSteps(of run: Int64, in root: Int64) throws(PenstockError) {
        var runs = [run]
        let report = try Payload(
            encoding: Failure(.cancelled, pipeline: NewStep.quarantined, message: "the run that called it was damaged")
        )
        while let run = runs.popLast() {
            for id in try self.ids("root = ? AND run = ? AND step > 0 AND state < 3", root, run) {
                // One that is damaged as well has its turn later.
                guard let step = try self.sound(id) else { continue }
                let change = RowChange(
                    state: .cancelled,
                    due: step.due,
                    attempt: step.attempt,
                    token: step.token,
                    settled: self.now,
                    result: report
                )
                _ = try self.table.update(id, expecting: .unsettled, change)
                runs.append(step.number)
            }
        }
    }

    func report(_ message: String) throws(PenstockError) -> Payload {
        try Payload(encoding: Failure(.damaged, pipeline: NewStep.quarantined, message: message))
    }

    /// The addresses of the rows that satisfy a condition, up to a thousand.
    func ids(_ condition: String, _ values: Int64...) throws(PenstockError) -> [ItemID] {
        let statement = try self.table.connection.prepare(
            "SELECT root, run, step FROM penstock_rows AS item WHERE \(condition) LIMIT \(Self.page)"
        )
        for (place, value) in zip(Int32(1)..., values) { statement.bind(place, value) }
        var ids: [ItemID] = []
        while try statement.step() { ids.append(statement.id) }
        return ids
    }
}
