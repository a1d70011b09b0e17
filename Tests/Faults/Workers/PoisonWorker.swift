import CrashWorkload
import Penstock
import PenstockSQLite
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Works on items that take the process down or never end, beside ordinary ones.
///
/// Every start of a poisoned body adds a byte to a file, so that they can be counted whatever becomes of the process.
struct PoisonWorker: Worker {
    static let name = "poison"

    /// The ways in which a body can be bad.
    enum Kind: String, CaseIterable {
        /// Ends the process with a signal.
        case trap
        /// Ends the process in good order, but without asking.
        case exit
        /// Takes more memory than there is.
        case memory
        /// Keeps its thread for ever.
        case loop
        /// Goes on for ever, and lets others go on too.
        case endless
        /// Waits for what never comes.
        case deadlock

        /// Whether the engine ends the attempt itself, when its time is over.
        var isTimedOut: Bool { self == .endless || self == .deadlock }
    }

    static let attempts = 3
    static let ordinary = 200

    private let path: String
    private let kind: Kind
    private let poisons: Int

    init(_ arguments: [String]) throws {
        guard arguments.count == 3, let kind = Kind(rawValue: arguments[1]), let poisons = Int(arguments[2]) else {
            throw Unexpected("poison PATH KIND ITEMS")
        }
        self.path = arguments[0]
        self.kind = kind
        self.poisons = poisons
    }

    func run() async throws {
        let (kind, starts) = (self.kind, "\(self.path).starts")
        let limit: Duration? = kind.isTimedOut ? .milliseconds(50) : nil
        let retry = RetryPolicy(attempts: Self.attempts, delay: .milliseconds(1))
        // One at a time: whatever a process was working on as it died is under suspicion.
        let options = ActivityOptions(retry: retry, startToClose: limit, concurrency: 1)
        let poison = Activity("poison", options: options) { (x: Int) in
            Self.note(in: starts)
            say("begun \(x)")
            try await Self.spoil(kind)
            return x
        }
        let ordinary = Activity("ordinary") { (x: Int) in 2 * x }
        let engine = try await Engine(
            store: .sqlite(path: self.path),
            pipelines: [poison, ordinary],
            configuration: EngineConfiguration(drainLimit: .milliseconds(10)),
            environment: StoreCheck.quiet
        )
        try await engine.run {
            let bad = try await engine.start(poison, (0..<self.poisons).map { ("bad-\($0)", $0) })
            let good = try await engine.start(ordinary, (0..<Self.ordinary).map { ("good-\($0)", $0) })
            for (x, run) in good.enumerated() {
                guard try await run.value == 2 * x else { throw Unexpected("an ordinary item has a wrong result") }
            }
            say("ordinary")
            for run in bad {
                do {
                    throw Unexpected("a poisoned item came to \(try await run.value)")
                } catch let failure as Failure {
                    let expected: Failure.Kind = kind.isTimedOut ? .timedOut : .crashed
                    guard failure.kind == expected else { throw failure }
                }
            }
        }
        await engine.close()
        say("all")
    }

    /// How often poisoned bodies were begun.
    static func starts(path: String) -> Int { Files.size("\(path).starts") }

    private static func note(in file: String) {
        let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        var byte: UInt8 = 1
        unsafe _ = write(descriptor, &byte, 1)
        close(descriptor)
    }

    private static let never = Atomic(false)

    private static func spoil(_ kind: Kind) async throws {
        switch kind {
        case .trap: _ = kill(getpid(), SIGSEGV)
        case .exit: Glibc.exit(0)
        case .memory:
            var taken: [[UInt64]] = []
            while true { taken.append([UInt64](repeating: UInt64(taken.count), count: 1 << 20)) }
        case .loop:
            while !Self.never.load(ordering: .relaxed) {}
        case .endless:
            while true { await Task.yield() }
        case .deadlock:
            let forever = AsyncStream<Int> { _ in }
            // It heeds no cancellation.
            await Task { for await _ in forever {} }.value
        }
        // A signal may take a moment to arrive.
        while true { _ = pause() }
    }
}
