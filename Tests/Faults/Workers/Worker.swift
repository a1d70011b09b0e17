import CLinux
import Penstock
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// What this program does as one of the processes that faults are done to.
protocol Worker: Sendable {
    /// What it is called on the command line.
    static var name: String { get }
    /// Reads what it wants to know from the command line.
    init(_ arguments: [String]) throws
    /// Works until it is done.
    func run() async throws
}

/// The codes with which workers end by themselves.
enum WorkerExit {
    static let done: Int32 = 0
    /// Something that must not happen has happened.
    static let failed: Int32 = 1
    /// The store could not be opened now, and said so.
    static let unavailable: Int32 = 75
    /// The store belongs to somebody else, and said so.
    static let owned: Int32 = 76
    /// No store can be kept there, and it said so.
    static let unusable: Int32 = 77
}

/// Running as a worker.
enum WorkerProcess {
    private static let kinds: [any Worker.Type] = [
        MixedWorker.self, ScriptWorker.self, LeaseWorker.self, PoisonWorker.self, OwnerWorker.self, RaceWorker.self,
        OpeningWorker.self, BacklogWorker.self, CommandWorker.self, RacingWorker.self, HoldingWorker.self,
    ]

    /// Runs the worker that the command line names, and ends the process.
    static func run(_ arguments: [String]) async -> Never {
        System.dieWithParent()
        guard let kind = self.kinds.first(where: { $0.name == arguments.first }) else {
            say("error: there is no worker '\(arguments.first ?? "")'")
            exit(64)
        }
        do {
            try await kind.init(Array(arguments.dropFirst())).run()
            exit(WorkerExit.done)
        } catch let error as PenstockError {
            say("error: \(error)")
            switch error.code {
            case .storeUnavailable: exit(WorkerExit.unavailable)
            case .storeOwned: exit(WorkerExit.owned)
            case .storeUnusable: exit(WorkerExit.unusable)
            default: exit(WorkerExit.failed)
            }
        } catch {
            say("error: \(error)")
            exit(WorkerExit.failed)
        }
    }
}

/// Tells the harness a line, whole and at once.
func say(_ line: String) {
    let bytes = Array("\(line.split(separator: "\n").joined(separator: " "))\n".utf8)
    _ = unsafe bytes.withUnsafeBytes { unsafe write(1, $0.baseAddress, $0.count) }
}

/// How a process begins the line that says that its store cannot be used just now, whoever in it notices.
let outageNotice = "notice the store cannot be used"

/// Does it until the store can.
func patiently<Result>(_ body: () async throws -> sending Result) async throws -> sending Result {
    while true {
        do {
            return try await body()
        } catch let error as PenstockError where error.code == .storeUnavailable {
            say("\(outageNotice): \(error)")
            try await LiveClock().sleep(for: .milliseconds(5))
        }
    }
}

/// What a worker asks of the system.
enum System {
    private typealias Call = @convention(c) (Int, Int, Int, Int, Int) -> Int
    private typealias Fork = @convention(c) () -> pid_t

    /// From here on the process is killed when the one that started it ends.
    static func dieWithParent() {
        // Swift does not import functions with a variable number of arguments.
        guard let symbol = unsafe dlsym(nil, "prctl") else { return }
        let prctl = unsafe unsafeBitCast(symbol, to: Call.self)
        let setDeathSignal = 1
        _ = prctl(setDeathSignal, Int(SIGKILL), 0, 0, 0)
    }

    /// Makes a copy of the process with one thread, in which nothing of Swift's may be used.
    static func fork() -> pid_t {
        // Swift hides it, since there is next to nothing that the copy may do.
        guard let symbol = unsafe dlsym(nil, "fork") else { return -1 }
        return unsafe unsafeBitCast(symbol, to: Fork.self)()
    }

    /// Where a signal writes to.
    private static let alarm = Atomic<Int32>(-1)

    /// Calls `body` when somebody asks the process to end, which does not end it any more.
    static func whenAskedToEnd(_ body: @escaping @Sendable () -> Void) throws {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw Unexpected("there is no pipe: \(Files.reason)") }
        let source = ends[0]
        self.alarm.store(ends[1], ordering: .releasing)
        _ = signal(SIGTERM) { _ in
            var byte: UInt8 = 1
            unsafe _ = write(System.alarm.load(ordering: .acquiring), &byte, 1)
        }
        try Self.startThread {
            var byte: UInt8 = 0
            while unsafe read(source, &byte, 1) < 0, errno == EINTR {}
            body()
        }
    }

    /// Runs `body` on a thread that no pool has.
    static func startThread(_ body: @escaping @Sendable () -> Void) throws {
        let context = unsafe Unmanaged.passRetained(Body(body)).toOpaque()
        let code = unsafe clinux_start_thread(
            1 << 18,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            },
            context
        )
        guard code != 0 else { return }
        unsafe Unmanaged<Body>.fromOpaque(context).release()
        throw Unexpected("no thread could be started: \(unsafe String(cString: strerror(code)))")
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }
}
