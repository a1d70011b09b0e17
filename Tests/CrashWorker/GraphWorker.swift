import CrashWorkload
import Penstock
import PenstockFlow
import PenstockSQLite

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Runs a graph with its links in a database until it is killed or done.
///
/// It writes `item N` whenever it works on one, and `done` at the end.
enum GraphWorker {
    @concurrent static func main(_ path: String, _ name: String, _ count: Int) async {
        do {
            let store = try await SQLiteStore(path: path)
            let output = try Queue<GraphWorkload.Outcome>("\(name).out", in: store)
            let graph = try GraphWorkload.graph { CrashWorker.say("item \($0)") }
            _ = try await graph.run(0..<count, in: store, as: name, to: output, sizes: GraphWorkload.sizes)
            await store.close()
            CrashWorker.say("done")
        } catch {
            CrashWorker.say("error \(error)")
            exit(1)
        }
    }
}
