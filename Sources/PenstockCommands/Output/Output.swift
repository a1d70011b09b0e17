import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Where a command speaks: results to one side, messages to people to the other.
package final class Output: Sendable {
    /// How much a terminal shows at once.
    package struct Screen: Sendable {
        let columns: Int
        let rows: Int

        package init(columns: Int, rows: Int) {
            (self.columns, self.rows) = (columns, rows)
        }
    }

    /// Where text goes.
    package enum Stream: Int32, Sendable {
        case results = 1
        case messages = 2
    }

    /// The columns of the terminal that results go to; `nil` when they go elsewhere.
    let columns: Int?
    /// Whether messages go to a terminal, where a line can be written over.
    let showsProgress: Bool
    /// How large that terminal is; `nil` when nobody knows.
    let screen: Screen?
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
        screen: Screen? = nil,
        sink: @escaping @Sendable (Stream, String) -> Bool
    ) {
        self.columns = columns
        self.showsProgress = showsProgress
        self.screen = screen
        self.sink = sink
    }

    /// The process's own standard output and error.
    package static let standard = Output(
        columns: Output.screen(of: 1)?.columns,
        showsProgress: Output.screen(of: 2) != nil,
        screen: Output.screen(of: 2),
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

    /// Shows a line, or several, that the next ones take the place of, where that can be done.
    func progress(_ text: String) {
        guard self.showsProgress else { return }
        self.state.withLock { state in
            guard text != state.progress else { return }
            self.flush(&state)
            _ = self.sink(.messages, Self.clearing(state.progress) + text)
            state.progress = text
        }
    }

    /// What takes away what is shown: up to its first line, and clear from there.
    private static func clearing(_ shown: String) -> String {
        let breaks = shown.utf8.count { $0 == UInt8(ascii: "\n") }
        return breaks == 0 ? "\r\u{1B}[K" : "\r\u{1B}[\(breaks)A\u{1B}[J"
    }

    /// Takes the lines of progress away.
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

    /// Sends on what was gathered of the results, for whoever waits for them; what is shown of progress stays.
    func sendOn() {
        self.state.withLock { self.flush(&$0) }
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
        _ = self.sink(.messages, Self.clearing(state.progress))
        state.progress = ""
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

    /// The terminal behind a descriptor; `nil` when there is none.
    private static func screen(of descriptor: Int32) -> Screen? {
        guard isatty(descriptor) == 1 else { return nil }
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return Screen(columns: 80, rows: 24)
        }
        return Screen(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }
}
