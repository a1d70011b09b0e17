import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Where a command speaks: results to one side, messages to people to the other.
package final class Output: Sendable {
    /// Where text goes.
    package enum Stream: Int32, Sendable {
        case results = 1
        case messages = 2
    }

    /// The columns of the terminal that results go to; `nil` when they go elsewhere.
    let columns: Int?
    /// Whether messages go to a terminal, where a line can be written over.
    let showsProgress: Bool
    private let sink: @Sendable (Stream, String) -> Bool

    private struct State {
        var waiting = ""
        var progress = ""
        var hasFailed = false
    }

    private let state = Mutex(State())

    /// Makes an output whose text goes to `sink`.
    package init(
        columns: Int? = nil,
        showsProgress: Bool = false,
        sink: @escaping @Sendable (Stream, String) -> Bool
    ) {
        self.columns = columns
        self.showsProgress = showsProgress
        self.sink = sink
    }

    /// The process's own standard output and error.
    package static let standard = Output(
        columns: Output.terminalColumns(of: 1),
        showsProgress: Output.terminalColumns(of: 2) != nil,
        sink: { stream, text in Output.write(text, to: stream.rawValue) }
    )

    /// Adds a line to the results.
    func line(_ text: String = "") {
        self.state.withLock { state in
            self.clearProgress(&state)
            state.waiting += text + "\n"
            // On a terminal somebody is watching.
            if self.columns != nil || state.waiting.utf8.count > 1 << 16 { self.flush(&state) }
        }
    }

    /// Says something to people, apart from the results.
    func error(_ text: String) {
        self.state.withLock { state in
            self.flush(&state)
            self.clearProgress(&state)
            _ = self.sink(.messages, text + "\n")
        }
    }

    /// Shows a line that the next one takes the place of, where that can be done.
    func progress(_ text: String) {
        guard self.showsProgress else { return }
        self.state.withLock { state in
            guard text != state.progress else { return }
            self.flush(&state)
            _ = self.sink(.messages, "\r\u{1B}[K" + text)
            state.progress = text
        }
    }

    /// Takes the line of progress away.
    func endProgress() {
        self.state.withLock { self.clearProgress(&$0) }
    }

    /// Sends on what was gathered.
    package func flush() {
        self.state.withLock { state in
            self.clearProgress(&state)
            self.flush(&state)
        }
    }

    /// Whether results were lost on their way.
    var hasFailed: Bool { self.state.withLock { $0.hasFailed } }

    private func flush(_ state: inout State) {
        guard !state.waiting.isEmpty else { return }
        if !self.sink(.results, state.waiting) { state.hasFailed = true }
        state.waiting = ""
    }

    private func clearProgress(_ state: inout State) {
        guard !state.progress.isEmpty else { return }
        state.progress = ""
        _ = self.sink(.messages, "\r\u{1B}[K")
    }

    // MARK: The system

    private static func write(_ text: String, to descriptor: Int32) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { unsafe Self.system(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }

    private static func system(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
        unsafe Glibc.write(descriptor, bytes, count)
        #else
        unsafe Darwin.write(descriptor, bytes, count)
        #endif
    }

    private static func terminalColumns(of descriptor: Int32) -> Int? {
        guard isatty(descriptor) == 1 else { return nil }
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
