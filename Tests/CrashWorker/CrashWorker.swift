import CrashWorkload
import Penstock

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Works on the workload in a database, and writes a line for each order that ends, until it is killed or done.
enum CrashWorker {
    @concurrent static func main() async {
        guard CommandLine.arguments.count == 3, let orders = Int(CommandLine.arguments[2]) else { exit(64) }
        do {
            let engine = try await Workload.engine(path: CommandLine.arguments[1], orders: orders)
            say("open")
            try await engine.run {
                for index in 0..<orders {
                    guard let run = try await engine.run(of: Workload.order, key: "order-\(index)") else { exit(2) }
                    guard try await run.value == Workload.expected(index) else { exit(3) }
                    say("order \(index)")
                }
            }
            await engine.close()
            say("all")
        } catch {
            say("error \(error)")
            exit(1)
        }
    }

    private static func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(1, $0.baseAddress, $0.count) }
    }
}
