import Penstock
import PenstockSQLite

#if canImport(Glibc)
import Glibc
#endif

/// Wants to own a file that others want to own, too.
///
/// An owner leaves its number in a file beside the database, and finds nobody's there who is still alive. It pushes a
/// few items, and says `ack KEY` for each. With `fork` it makes a copy of itself that has inherited what it has open.
struct OwnerWorker: Worker {
    static let name = "owner"

    private let path: String
    private let forks: Bool

    init(_ arguments: [String]) throws {
        guard let path = arguments.first else { throw Unexpected("owner PATH [fork]") }
        self.path = path
        self.forks = arguments.contains("fork")
    }

    private var mark: String { "\(self.path).mark" }

    func run() async throws {
        var number = 0
        while true {
            guard let store = try await self.openIfFree() else {
                try await LiveClock().sleep(for: .milliseconds(2))
                continue
            }
            let before = Int32(Files.text(self.mark)) ?? 0
            if before > 0, before != getpid(), kill(before, 0) == 0 {
                throw Unexpected("process \(before) owns the file, and process \(getpid()) as well")
            }
            try Files.write("\(getpid())", to: self.mark)
            if self.forks { try self.copy() }
            say("own")
            for _ in 0..<5 {
                let key = "\(getpid())-\(number)"
                let item = NewItem(queue: "jobs", key: key, payload: try Payload(encoding: number))
                _ = try await store.commit(Transaction([.push(item)]))
                number += 1
                say("ack \(key)")
            }
            try Files.write("", to: self.mark)
            await store.close()
            // Whoever has just had it stands back for the others.
            try await LiveClock().sleep(for: .milliseconds(1))
        }
    }

    /// Opens the store; `nil` when somebody owns it, of whom the error has to speak.
    private func openIfFree() async throws -> SQLiteStore? {
        do {
            return try await SQLiteStore(path: self.path, environment: StoreCheck.quiet)
        } catch  where error.code == .storeOwned {
            guard error.message.contains("is owned by ") else { throw error }
            say(error.message.contains("is owned by process ") ? "told" : "told vaguely")
            return nil
        }
    }

    private func copy() throws {
        let copy = System.fork()
        guard copy >= 0 else { throw Unexpected("the process cannot be copied: \(Files.reason)") }
        if copy == 0 {
            while true { _ = pause() }
        }
        say("copy \(copy)")
        // From here on somebody else decides how this process ends.
        while true { _ = pause() }
    }
}

/// Opens a store, pushes an item, and closes it, where something may be in its way.
struct OpeningWorker: Worker {
    static let name = "opening"

    private let path: String

    init(_ arguments: [String]) throws {
        guard arguments.count == 1 else { throw Unexpected("opening PATH") }
        self.path = arguments[0]
    }

    func run() async throws {
        let store = try await SQLiteStore(path: self.path, environment: StoreCheck.quiet)
        let item = NewItem(queue: "jobs", payload: try Payload(encoding: 0))
        do {
            _ = try await store.commit(Transaction([.push(item)]))
        } catch {
            await store.close()
            throw error
        }
        await store.close()
        say("all")
    }
}
