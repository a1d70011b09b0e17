import Dispatch
import Foundation
import PenstockThreads
import Synchronization
import Testing

@testable import PenstockPostgres

/// The server that the tests use: the one of `PENSTOCK_POSTGRES`, which `scripts/test` starts.
enum Server {
    /// Where it is; `nil` when there is none.
    static let url = ProcessInfo.processInfo.environment["PENSTOCK_POSTGRES"].flatMap { $0.isEmpty ? nil : $0 }

    /// There is no server.
    struct Missing: Error {}

    /// Its address, with more options: `options=-csearch_path%3Dmine`.
    static func url(_ options: String...) throws -> String {
        guard let url = self.url else { throw Missing() }
        return options.reduce(url) { url, option in "\(url)\(url.contains("?") ? "&" : "?")\(option)" }
    }

    /// Connects to it.
    static func connect(_ options: String..., name: String = "penstock tests") throws -> PostgresConnection {
        let url = try options.reduce(self.url()) { url, option in "\(url)\(url.contains("?") ? "&" : "?")\(option)" }
        return try self.connect(to: url, name: name)
    }

    /// Connects to an address.
    static func connect(
        to url: String,
        name: String = "penstock tests",
        timeout: Duration = .seconds(600)
    ) throws -> PostgresConnection {
        try PostgresConnection(PostgresAddress(url), name: name, timeout: timeout)
    }

    private static let number = Atomic(0)

    /// A name that nothing else on the server has.
    static func name() -> String {
        let number = self.number.wrappingAdd(1, ordering: .relaxed).newValue
        return "test_\(ProcessInfo.processInfo.processIdentifier)_\(number)"
    }
}

/// A schema that goes with the test, and that its connections find their tables in.
///
/// It is made in a millisecond. What a database shares, such as channels and advisory locks, it shares.
final class TestSchema {
    let name = Server.name()
    let url: String

    init() throws {
        self.url = try Server.url("options=-csearch_path%3D\(self.name)")
        try Server.connect().script("CREATE SCHEMA \(self.name)")
    }

    deinit {
        try? Server.connect().script("DROP SCHEMA \(self.name) CASCADE")
    }

    func connect() throws -> PostgresConnection { try Server.connect(to: self.url) }
}

/// A database that goes with the test, and with everybody's connections to it.
final class TestDatabase {
    let name = Server.name()
    let url: String

    init(_ options: String = "TEMPLATE template0") throws {
        self.url = try Server.url("dbname=\(self.name)")
        try Server.connect().script("CREATE DATABASE \(self.name) \(options)")
    }

    deinit {
        try? Server.connect().script("DROP DATABASE \(self.name) WITH (FORCE)")
    }

    func connect() throws -> PostgresConnection { try Server.connect(to: self.url) }
}

extension Trait where Self == ConditionTrait {
    /// Skips what needs a server where there is none.
    static var server: Self {
        .enabled(
            if: hasLibpq && Server.url != nil,
            "there is no PostgreSQL server: scripts/test starts one, or set PENSTOCK_POSTGRES"
        )
    }
}

/// Runs tests on threads of their own, since they wait in C and would keep Swift's few threads from everything else.
struct OwnThreads: SuiteTrait, TestTrait, TestScoping {
    let isRecursive = true

    private final class Threads: TaskExecutor {
        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            let code = SystemThread.start("test") { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
            precondition(code == 0, "there is no thread for a test")
        }
    }

    private static let threads = Threads()

    @concurrent
    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        try await withTaskExecutorPreference(Self.threads) { try await function() }
    }
}

extension Trait where Self == OwnThreads {
    /// Runs tests on threads of their own.
    static var ownThreads: Self { Self() }
}

/// The values of a statement, from a closure that appends them.
func values(_ fill: (inout PostgresValues) -> Void) -> PostgresValues {
    var values = PostgresValues()
    fill(&values)
    return values
}

/// Whatever a call throws.
func error<Result>(_ body: () throws(PostgresError) -> Result) -> PostgresError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

/// Something that is done on another thread meanwhile.
final class Meanwhile: Sendable {
    private let end = DispatchSemaphore(value: 0)
    private let failure = Mutex<(any Error)?>(nil)

    /// Begins it.
    init(_ body: @escaping @Sendable () throws -> Void) {
        let code = SystemThread.start("meanwhile") {
            do {
                try body()
            } catch {
                self.failure.withLock { $0 = error }
            }
            self.end.signal()
        }
        precondition(code == 0, "there is no thread for a test")
    }

    /// Waits until it is done, and throws what it has thrown.
    func wait() throws {
        self.end.wait()
        if let failure = self.failure.withLock({ $0 }) { throw failure }
    }
}
