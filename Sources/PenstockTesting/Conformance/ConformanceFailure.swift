import Penstock
import Synchronization

/// A promise that a store has not kept.
public struct ConformanceFailure: Error, CustomStringConvertible {
    /// What was expected, and what was found.
    public let message: String
    /// The file of the suite in which it was expected.
    public let file: String
    /// The line.
    public let line: UInt

    /// The failure in one line.
    public var description: String { "\(self.message) (\(self.file):\(self.line))" }

    init(_ message: String, file: StaticString, line: UInt) {
        self.message = message
        self.file = "\(file)"
        self.line = line
    }
}

/// How much a case has expected, so that one that expects nothing is noticed.
final class Expectations: Sendable {
    /// Those of the case that runs.
    @TaskLocal static var current: Expectations?

    private let count = Atomic(0)

    var isEmpty: Bool { self.count.load(ordering: .relaxed) == 0 }

    /// Counts one.
    static func note() {
        self.current?.count.add(1, ordering: .relaxed)
    }
}

/// Expects that something holds.
func expect(
    _ isMet: Bool,
    _ message: @autoclosure () -> String,
    file: StaticString = #fileID,
    line: UInt = #line
) throws(ConformanceFailure) {
    Expectations.note()
    guard isMet else { throw ConformanceFailure("expected that " + message(), file: file, line: line) }
}

/// Expects one value where another might be.
func expect<Value: Equatable>(
    _ found: Value,
    is expected: Value,
    _ what: @autoclosure () -> String = "the value",
    file: StaticString = #fileID,
    line: UInt = #line
) throws(ConformanceFailure) {
    Expectations.note()
    guard found != expected else { return }
    throw ConformanceFailure("expected \(what()) to be \(expected), found \(found)", file: file, line: line)
}

/// Expects something where there might be nothing.
func require<Value>(
    _ value: Value?,
    _ what: @autoclosure () -> String,
    file: StaticString = #fileID,
    line: UInt = #line
) throws(ConformanceFailure) -> Value {
    Expectations.note()
    guard let value else { throw ConformanceFailure("expected \(what()), found nothing", file: file, line: line) }
    return value
}

/// Expects an error of one kind.
func expect(
    _ code: PenstockError.Code,
    file: StaticString = #fileID,
    line: UInt = #line,
    from body: () async throws -> Void
) async throws {
    do {
        try await body()
    } catch let error as PenstockError {
        return try expect(error.code, is: code, "the error '\(error)'", file: file, line: line)
    }
    throw ConformanceFailure("expected an error \(code), found none", file: file, line: line)
}
