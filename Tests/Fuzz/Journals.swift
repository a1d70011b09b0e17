@testable import Penstock

/// A run is replayed over a journal that says anything: it goes on, or it diverges before it has any effect.
func feedJournals(_ input: FuzzInput) {
    let id = ItemID(root: 1)
    var chain = Payload(bytes: [49]).digest
    let run = record(id, number: 1, queue: "flow", digest: chain)
    // The program calls these one after the other, and waits for each.
    let calls = (0..<4).map { _ in
        Call(
            callee: ["double", "review", "~now"][input.choice(3)],
            argument: Payload(bytes: [input.byte()]),
            source: ""
        )
    }
    var journal: [ItemRecord] = []
    for number in 0..<input.choice(6) {
        // Most rows are what the program would have made; then a few things are changed.
        let call = calls[number % calls.count]
        chain = call.digest(after: chain)
        var row = record(
            ItemID(root: 1, run: 1, step: number + 1),
            number: Int64(number + 2),
            queue: call.callee,
            digest: chain
        )
        row.payload = call.argument
        for _ in 0..<input.choice(3) { change(&row, by: input) }
        journal.append(row)
    }
    let leased = LeasedItem(record: run, lease: LeaseReference(id: id, token: 1))
    replay(RunMachine(leased, journal: journal), calls, input)
}

private func record(_ id: ItemID, number: Int64, queue: String, digest: UInt64) -> ItemRecord {
    ItemRecord(
        id: id,
        number: number,
        queue: queue,
        due: .distantPast,
        created: .distantPast,
        digest: digest,
        payload: Payload(bytes: [49])
    )
}

private func change(_ row: inout ItemRecord, by input: FuzzInput) {
    switch input.choice(7) {
    case 0: row.id = ItemID(root: input.integer(), run: input.integer(), step: Int(input.integer()))
    case 1: row.queue = input.text()
    case 2: row.state = ItemState.allCases[input.choice(ItemState.allCases.count)]
    case 3: row.digest = UInt64(bitPattern: input.integer())
    case 4: row.payload = Payload(bytes: input.blob())
    case 5: row.result = Payload(bytes: input.blob())
    default: row.number = input.integer()
    }
}

private func replay(_ machine: consuming RunMachine, _ calls: [Call], _ input: FuzzInput) {
    var machine = machine
    for call in calls {
        if call.callee == "~now" {
            _ = machine.recorded(call) { Payload(bytes: [48]) }
            continue
        }
        guard let step = machine.issued(call) else { continue }
        wait: for _ in 0..<4 {
            switch machine.awaits([step]) {
            case .proceed(_, let outcome):
                if case .failure(let failure) = outcome { precondition(!failure.description.isEmpty) }
                machine.forget(step)
                break wait
            case .commit(let operations):
                precondition(machine.divergence == nil, "a run that has diverged has an effect: \(operations)")
                precondition(machine.journal.isEmpty, "a run has an effect before its journal is at its end")
                if machine.committed() { continue }
                _ = machine.arrived(step, .success(Payload(bytes: [input.byte()])), [])
            case .wait: _ = machine.arrived(step, .success(Payload(bytes: [50])), [])
            case .diverge(let divergence):
                precondition(!divergence.description.isEmpty)
                precondition(machine.finished([]) == nil, "a run that has diverged records its end")
                return
            case .stop: return
            }
        }
    }
    if let end = machine.finished([]) {
        precondition(machine.divergence == nil && machine.journal.isEmpty, "\(end.count) operations end a run too soon")
    }
}
