import Synchronization

/// Tasks that wait for something to happen, each under a name.
///
/// A waiter is told what has happened, or that it ought to look again. None is ever left waiting, because a waiter
/// registers before it looks. The list is as long as there are waiting tasks.
package final class WaitList<Name: Hashable & Sendable, News: Sendable>: Sendable {
    private enum Waiter {
        /// The ticket was drawn and is not yet waited on; the news that has come meanwhile.
        case drawn(News?)
        case waiting(CheckedContinuation<News?, Never>)
    }

    private struct State {
        /// By name, in the order in which their tickets were drawn.
        var waiters: [Name: [(number: UInt64, waiter: Waiter)]] = [:]
        var last: UInt64 = 0
        var isClosed = false

        /// Takes a ticket out of the list.
        mutating func remove(_ number: UInt64, _ name: Name) -> Waiter? {
            guard let place = self.waiters[name]?.firstIndex(where: { $0.number == number }) else { return nil }
            defer { if self.waiters[name]?.isEmpty == true { self.waiters[name] = nil } }
            return self.waiters[name]?.remove(at: place).waiter
        }
    }

    /// The right to wait once; draw it before looking.
    package struct Ticket: Sendable {
        fileprivate let number: UInt64
        fileprivate let name: Name
    }

    private let state = Mutex(State())

    package init() {}

    /// Draws a ticket: all news from now on counts for it.
    package func ticket(for name: Name) -> Ticket {
        self.state.withLock { state in
            state.last += 1
            state.waiters[name, default: []].append((state.last, .drawn(nil)))
            return Ticket(number: state.last, name: name)
        }
    }

    /// Gives a ticket back unused.
    package func discard(_ ticket: Ticket) {
        _ = self.state.withLock { $0.remove(ticket.number, ticket.name) }
    }

    /// Waits until there is news under the name, and returns it; `nil` when the list is closed or the task cancelled.
    package func wait(_ ticket: Ticket) async -> News? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let end: News?? = self.state.withLock { state in
                    guard case .drawn(let news) = state.remove(ticket.number, ticket.name) else { return .some(nil) }
                    if news != nil || state.isClosed || Task.isCancelled { return .some(news) }
                    state.waiters[ticket.name, default: []].append((ticket.number, .waiting(continuation)))
                    return nil
                }
                if let end { continuation.resume(returning: end) }
            }
        } onCancel: {
            self.cancel(ticket)
        }
    }

    /// Those of `names` under which somebody waits or is about to.
    package func awaited(among names: some Sequence<Name>) -> [Name] {
        self.state.withLock { state in
            state.waiters.isEmpty ? [] : names.filter { state.waiters[$0] != nil }
        }
    }

    /// Gives news to everybody who waits under a name.
    package func wake(_ name: Name, with news: News) {
        let continuations = self.state.withLock { state in
            var woken: [CheckedContinuation<News?, Never>] = []
            // Those who have drawn a ticket and are not waiting yet find the news when they come.
            let drawn = state.waiters.removeValue(forKey: name)?.filter { _, waiter in
                guard case .waiting(let continuation) = waiter else { return true }
                woken.append(continuation)
                return false
            }
            if let drawn, !drawn.isEmpty { state.waiters[name] = drawn.map { ($0.number, .drawn(news)) } }
            return woken
        }
        for continuation in continuations { continuation.resume(returning: news) }
    }

    /// Ends all waits, now and whenever somebody waits again.
    package func close() {
        let continuations = self.state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [:] }
            // In the order in which they came, whatever their names.
            let all = state.waiters.values.joined().sorted { $0.number < $1.number }
            return all.compactMap { if case .waiting(let continuation) = $0.waiter { continuation } else { nil } }
        }
        for continuation in continuations { continuation.resume(returning: nil) }
    }

    /// The names under which somebody waits, in no order.
    package var names: [Name] { self.state.withLock { Array($0.waiters.keys) } }

    private func cancel(_ ticket: Ticket) {
        let waiter = self.state.withLock { state in
            // A ticket that is not waited on yet will find its task cancelled.
            let isWaiting = state.waiters[ticket.name]?.contains { number, waiter in
                if case .waiting = waiter { number == ticket.number } else { false }
            }
            return isWaiting == true ? state.remove(ticket.number, ticket.name) : nil
        }
        if case .waiting(let continuation) = waiter { continuation.resume(returning: nil) }
    }
}

extension WaitList where News == Void {
    /// Wakes everybody who waits under a name.
    package func wake(_ name: Name) {
        self.wake(name, with: ())
    }
}
