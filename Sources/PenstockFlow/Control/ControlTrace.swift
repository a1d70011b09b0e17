import Synchronization

/// Writes down what managers and runners say to one another.
public final class ControlTrace: Sendable {
    /// Something that was said.
    public struct Entry: Sendable, Hashable, CustomStringConvertible {
        /// The step of the handshake: a1 to a8 between the pipeline manager and a segment manager, b1 to b7 between
        /// that and its runner, and what comes after them by name.
        public let step: String
        /// Which segment it is about.
        public let segment: String
        /// From whom to whom: `PM`, `SM` or `SR`.
        public let way: String
        /// What was said.
        public let text: String

        /// The entry as a line.
        public var description: String {
            "\(self.step.padded(to: 8)) \(self.way)  \(self.segment): \(self.text)"
        }
    }

    private let said = Mutex<[Entry]>([])

    private let heard: @Sendable (Entry) -> Void

    /// Makes an empty trace.
    ///
    /// - Parameter heard: Is called with each entry when it is said, by one thread at a time.
    public init(_ heard: @escaping @Sendable (Entry) -> Void = { _ in }) {
        self.heard = heard
    }

    func add(_ step: String, _ segment: String, _ way: String, _ text: String) {
        self.said.withLock { said in
            let entry = Entry(step: step, segment: segment, way: way, text: text)
            said.append(entry)
            self.heard(entry)
        }
    }

    /// What was said so far, in the order in which it was said.
    ///
    /// Between two barriers the segments are at work at the same time, so their order is of one run only.
    public var entries: [Entry] { self.said.withLock { $0 } }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - self.count))
    }
}
