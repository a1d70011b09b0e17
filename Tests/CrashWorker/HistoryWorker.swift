import Penstock
import PenstockSQLite
import PenstockTesting
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Uses the store in a database at random until it is killed, with several clients at once.
///
/// It writes the lines of their history.
enum HistoryWorker {
    private static let clients = 4

    @concurrent static func main(_ path: String, _ seed: UInt64, _ process: Int) async {
        do {
            let store = try await SQLiteStore(path: path)
            let output = Mutex(())
            // A line may be longer than what a pipe takes at once.
            let recorder = HistoryRecorder(process: process) { line in output.withLock { _ in Self.write(line) } }
            var trial = HistoryTrial(seed: seed)
            trial.calls = .max
            await withTaskGroup { [trial] group in
                for number in 1...Self.clients {
                    let client = process * Self.clients + number
                    group.addTask { await trial.client(client, over: store, into: recorder) }
                }
            }
        } catch {
            CrashWorker.say("error \(error)")
            exit(1)
        }
    }

    private static func write(_ line: String) {
        var bytes = Array("\(line)\n".utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(1, $0.baseAddress, $0.count) }
            guard count > 0 else { exit(4) }
            bytes = bytes.dropFirst(count)
        }
    }
}
