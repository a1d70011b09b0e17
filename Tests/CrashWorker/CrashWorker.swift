import CrashWorkload
import Penstock

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Works on the workload in a database until it is killed or done.
///
/// It writes `order N` for each order that ends now, whichever comes first.
enum CrashWorker {
    @concurrent static func main() async {
        guard CommandLine.arguments.count == 3, let orders = Int(CommandLine.arguments[2]) else { exit(64) }
        do {
            let engine = try await Workload.engine(path: CommandLine.arguments[1])
            try await engine.run {
                while true {
                    let open = try await Workload.open(in: engine)
                    try await Self.wait(for: open, in: engine)
                    guard open.isEmpty else { continue }
                    // Without a number of orders there is always another batch: the work never ends before the kill.
                    let count = try await Workload.count(in: engine)
                    if orders > 0, count >= orders { return }
                    try await Workload.order(from: count, in: engine)
                }
            }
            await engine.close()
            say("all")
        } catch {
            say("error \(error)")
            exit(1)
        }
    }

    private static func wait(for orders: [ItemRecord], in engine: Engine) async throws {
        try await withThrowingTaskGroup { group in
            for order in orders {
                group.addTask {
                    let x = try order.payload.decode(as: Int.self)
                    guard try await engine.store.settled(order.id)?.result?.decode() == Workload.expected(x) else {
                        exit(3)
                    }
                    say("order \(x)")
                }
            }
            try await group.waitForAll()
        }
    }

    static func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(1, $0.baseAddress, $0.count) }
    }
}
