import Penstock

/// The items in a file, a line each.
struct InputItems: AsyncSequence, Sendable {
    /// What a line is.
    enum Form: Sendable {
        /// A value in JSON; lines of nothing but space are none.
        case json
        /// A string, as it stands.
        case text
    }

    let file: InputFile
    let form: Form

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(file: self.file, form: self.form) }

    struct AsyncIterator: AsyncIteratorProtocol {
        private let file: InputFile
        private let form: Form
        /// What was read, and how far it was used.
        private var bytes: [UInt8] = []
        private var place = 0
        /// Up to where there is no line feed.
        private var searched = 0
        private var hasEnded = false
        private var number = 0

        init(file: InputFile, form: Form) {
            (self.file, self.form) = (file, form)
        }

        mutating func next() async throws -> Payload? {
            while let line = try await self.line() {
                if let item = try self.item(line) { return item }
            }
            return nil
        }

        private func item(_ line: ArraySlice<UInt8>) throws -> Payload? {
            switch self.form {
            case .json:
                let isBlank = line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
                return isBlank ? nil : Payload(bytes: Array(line))
            case .text:
                guard let text = String(validating: line, as: UTF8.self) else {
                    let place = "line \(self.number) of \(self.file.name)"
                    throw CommandFailure(.data, "\(place) is not UTF-8: leave it out, or write its items as JSON")
                }
                return try Payload(encoding: text)
            }
        }

        /// The next line without its line feed; what comes after the last one is a line as well.
        private mutating func line() async throws -> ArraySlice<UInt8>? {
            while true {
                if let end = self.bytes[self.searched...].firstIndex(of: UInt8(ascii: "\n")) {
                    return self.take(to: end, goingOnAt: end + 1)
                }
                self.searched = self.bytes.count
                if self.hasEnded {
                    return self.place < self.bytes.count ? self.take(to: self.searched, goingOnAt: self.searched) : nil
                }
                guard self.bytes.count - self.place <= Limits.payload else {
                    let place = "line \(self.number + 1) of \(self.file.name)"
                    throw CommandFailure(.data, "\(place) has more than \(Limits.payload) bytes: give it in parts")
                }
                let more = try await self.file.read()
                self.bytes.removeFirst(self.place)
                self.searched -= self.place
                self.place = 0
                self.bytes += more
                self.hasEnded = more.isEmpty
            }
        }

        private mutating func take(to end: Int, goingOnAt next: Int) -> ArraySlice<UInt8> {
            self.number += 1
            defer { (self.place, self.searched) = (next, next) }
            return self.bytes[self.place..<end]
        }
    }
}
