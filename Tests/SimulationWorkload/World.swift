import Penstock
import PenstockTesting
import Synchronization

/// What the outside world sees of the pipelines of all processes: how often each effect happened.
final class World: Sendable {
    private let effects = Mutex<[String: Int]>([:])

    /// Notes an effect of a process, unless it has died, and says how often it has happened.
    @discardableResult
    func note(_ pipeline: String, _ argument: Int, in process: SimulatedProcess) -> Int {
        self.effects.withLock { effects in
            let name = "\(pipeline)(\(argument))"
            if process.isAlive { effects[name, default: 0] += 1 }
            return effects[name, default: 0]
        }
    }

    /// How often an effect has happened.
    func count(_ pipeline: String, _ argument: String) -> Int {
        self.effects.withLock { $0["\(pipeline)(\(argument))", default: 0] }
    }
}

/// A pipeline of its own kind, which an engine runs by its own loop.
struct Echo: Pipeline {
    let name = "echo"
    let process: SimulatedProcess
    let world: World

    func run(from input: ReadQueue<Int>, to output: WriteQueue<Int>) async throws {
        while true {
            let lease = try await input.reserve(for: .seconds(20))
            let value = lease.value
            self.world.note("echo", value, in: self.process)
            var transaction = Transaction()
            try transaction.move(lease, value &+ 1, to: output)
            try await Self.commit(transaction, to: output.store)
        }
    }

    private static func commit(_ transaction: Transaction, to store: any Store) async throws {
        do {
            _ = try await store.commit(transaction)
        } catch {
            // Somebody else has it, or will when the lease is over.
            guard error.code == .leaseLost || error.code == .storeUnavailable else { throw error }
        }
    }
}
