import Synchronization

/// Messages from one thread to another, in order: the `control_in` or `control_out` of a manager or a runner.
///
/// It is not bounded, since at every step of the handshake at most one message is under way each way, and one more that
/// ends it.
final class ControlQueue<Message: Sendable>: Sendable {
    private let messages = Mutex<[Message]>([])
    private let bell: Bell

    /// Makes a queue whose reader waits at `bell`.
    init(bell: Bell = Bell()) {
        self.bell = bell
    }

    func send(_ message: Message) {
        self.messages.withLock { $0.append(message) }
        self.bell.ring()
    }

    /// Whether there is no message.
    var isEmpty: Bool { self.messages.withLock { $0.isEmpty } }

    /// Waits for the next message.
    /// - Returns: `nil` when it is given up before there is one.
    func next(unless isGivenUp: () -> Bool = { false }) -> Message? {
        self.bell.wait { isGivenUp() || !self.isEmpty }
        return self.messages.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }
}
