import CrashWorkload
import Penstock

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Works on the workload in a database until it is killed or done.
///
/// From a given order on it writes `old N` for each that had ended before, and `order N` for each that ends now.
enum CrashWorker {
    @concurrent static func main() async {
        let numbers = CommandLine.arguments.dropFirst(2).compactMap { Int($0) }
        guard numbers.count == 2 else { exit(64) }
        // Without a number of orders there is always another batch, so that the work never ends before the kill.
        let (orders, first) = (numbers[0] == 0 ? Int.max : numbers[0], numbers[1])
        do {
            let engine = try await Workload.engine(path: CommandLine.arguments[1])
            var next = first
            try await Workload.order(upTo: min(next, orders - 1), in: engine)
            while next < orders, try await hasEnded(next, in: engine) {
                say("old \(next)")
                next += 1
                if next < orders, next % Workload.batch == 0 { try await Workload.order(upTo: next, in: engine) }
            }
            try await engine.run {
                for index in next..<orders {
                    guard let run = try await engine.run(of: Workload.order, key: "order-\(index)") else { exit(2) }
                    guard try await run.value == Workload.expected(index) else { exit(3) }
                    say("order \(index)")
                    let next = index + 1
                    if next < orders, next % Workload.batch == 0 { try await Workload.order(upTo: next, in: engine) }
                }
            }
            await engine.close()
            say("all")
        } catch {
            say("error \(error)")
            exit(1)
        }
    }

    private static func hasEnded(_ index: Int, in engine: Engine) async throws -> Bool {
        let reference = ItemReference.key(queue: Workload.order.name, "order-\(index)")
        return try await engine.control.describe(reference).state.isSettled
    }

    private static func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(1, $0.baseAddress, $0.count) }
    }
}
