import Synchronization

/// Tasks that wait for something to happen, each under a name.
///
/// A waiter is woken to look again, not handed anything: a wake-up too many costs a look, and none is ever lost,
/// because a waiter registers before it looks. The list is as long as there are waiting tasks.
package final class WaitList<Name: Hashable & Sendable>: Sendable {
    private struct State {
        var waiters: [Name: [(ticket: UInt64, continuation: CheckedContinuation<Void, Never>)]] = [:]
        /// Tickets that were drawn and not yet waited on; a wake-up for one of them must not be lost.
        var drawn: [UInt64: Name] = [:]
        var woken: Set<UInt64> = []
        var last: UInt64 = 0
        var isClosed = false
    }

    /// The right to wait once; draw it before looking.
    package struct Ticket: Sendable {
        fileprivate let number: UInt64
        fileprivate let name: Name
    }

    private let state = Mutex(State())

    package init() {}

    /// Draws a ticket: every wake-up from now on counts for it.
    package func ticket(for name: Name) -> Ticket {
        self.state.withLock { state in
            state.last += 1
            state.drawn[state.last] = name
            return Ticket(number: state.last, name: name)
        }
    }

    /// Gives a ticket back unused.
    package func discard(_ ticket: Ticket) {
        self.state.withLock { state in
            state.drawn[ticket.number] = nil
            state.woken.remove(ticket.number)
        }
    }

    /// Waits until the name is woken, the list is closed, or the task is cancelled.
    package func wait(_ ticket: Ticket) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = self.state.withLock { state in
                    state.drawn[ticket.number] = nil
                    if state.woken.remove(ticket.number) != nil || state.isClosed || Task.isCancelled { return true }
                    state.waiters[ticket.name, default: []].append((ticket.number, continuation))
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            self.cancel(ticket)
        }
    }

    /// Wakes up to `count` of those who wait under a name, longest first.
    package func wake(_ name: Name, count: Int = .max) {
        let continuations = self.state.withLock { state in
            for (ticket, drawn) in state.drawn where drawn == name { state.woken.insert(ticket) }
            guard var waiters = state.waiters[name] else { return [CheckedContinuation<Void, Never>]() }
            let woken = waiters.prefix(count)
            waiters.removeFirst(woken.count)
            state.waiters[name] = waiters.isEmpty ? nil : waiters
            return woken.map(\.continuation)
        }
        for continuation in continuations { continuation.resume() }
    }

    /// Wakes everybody, now and whenever somebody waits again.
    package func close() {
        let continuations = self.state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [:] }
            return state.waiters.values.flatMap { $0.map(\.continuation) }
        }
        for continuation in continuations { continuation.resume() }
    }

    /// The names under which somebody waits.
    package var names: [Name] { self.state.withLock { Array($0.waiters.keys) } }

    private func cancel(_ ticket: Ticket) {
        let continuation = self.state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let index = state.waiters[ticket.name]?.firstIndex(where: { $0.ticket == ticket.number }) else {
                return nil
            }
            let waiter = state.waiters[ticket.name]?.remove(at: index)
            if state.waiters[ticket.name]?.isEmpty == true { state.waiters[ticket.name] = nil }
            return waiter?.continuation
        }
        continuation?.resume()
    }
}
