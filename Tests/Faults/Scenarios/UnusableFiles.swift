import Penstock
import PenstockCommands
import PenstockSQLite

#if canImport(Glibc)
import Glibc
#endif

/// F45: files in which no store can be kept: not writable, somebody else's, damaged in the header, or newer.
///
/// Whoever opens one is told what is wrong, by the library and by the command, and nothing is written.
struct UnusableFiles: Scenario {
    let number = "F45"
    let title = "files that cannot be used"
    let unit = "openings"
    let counts = (short: 40, long: 1000)

    /// What is wrong with a file.
    private enum Kind: String, CaseIterable {
        case readOnly = "read-only file"
        case readOnlyFolder = "read-only folder"
        case foreign = "somebody else's file"
        case magic = "no SQLite header"
        case pageSize = "impossible page size"
        case program = "another program's"
        case newer = "newer schema"
        case text = "no database"

        /// Whether the user is somebody who may not do anything there.
        var isForbidden: Bool { [.readOnly, .readOnlyFolder, .foreign].contains(self) }

        var words: String {
            switch self {
            case .readOnly, .readOnlyFolder, .foreign: "let this user write"
            case .magic, .pageSize, .text: "not a SQLite database"
            case .program: "another program"
            case .newer: "schema version"
            }
        }
    }

    func run(_ trial: Trial) async throws -> Outcome {
        var outcome = Outcome(count: 0)
        // The folder of all of it, too, has to be open to somebody who may do nothing.
        unsafe _ = chmod(trial.folder, 0o755)
        // Whoever is not root has no file that is somebody else's.
        let kinds = Kind.allCases.filter { $0 != .foreign || getuid() == 0 }
        while outcome.count < trial.count, outcome.problems.count < 5 {
            let kind = kinds[outcome.count / 2 % kinds.count]
            let folder = try trial.newFolder("store")
            let path = "\(folder)/app.db"
            let store = try await SQLiteStore(path: path, environment: StoreCheck.quiet)
            _ = try await store.commit(Transaction([.push(NewItem(queue: "jobs", payload: Payload(encoding: 1)))]))
            await store.close()
            try Self.spoil(path, kind, trial)
            let before = Self.content(of: folder)
            let said = try outcome.count % 2 == 0 ? Self.open(path, kind, trial) : Self.command(path, kind, trial)
            if let said { outcome.problems.append("\(kind.rawValue): \(said)") }
            if Self.content(of: folder) != before { outcome.problems.append("\(kind.rawValue): something was written") }
            unsafe _ = chmod(folder, 0o777)
            outcome.count += 1
        }
        outcome.figure = """
            \(kinds.map(\.rawValue).joined(separator: ", ")): refused in words by the library and by \
            `penstock` (exit code \(CommandStatus.unusable.rawValue)), or only looked through, where they \
            can be read; not a byte written.
            """
        return outcome
    }

    private static func spoil(_ path: String, _ kind: Kind, _ trial: Trial) throws {
        let folder = String(path.dropLast("/app.db".count))
        // The owner's file is open to everybody, so that it is the database about which they are told.
        unsafe _ = (chmod(folder, 0o777), chmod(path, 0o666), chmod("\(path)-owner", 0o666))
        let chance = UInt8(trial.random(below: 255))
        switch kind {
        case .readOnly: unsafe _ = chmod(path, 0o444)
        case .readOnlyFolder: unsafe _ = chmod(folder, 0o555)
        case .foreign: unsafe _ = chmod(path, 0o600)
        case .magic: try Files.change(path, at: trial.random(below: 16)) { $0 &+ chance &+ 1 }
        case .pageSize: try Files.change(path, at: 16) { _ in 0x7f & chance | 3 }
        case .program: try Files.change(path, at: 68 + trial.random(below: 4)) { $0 &+ chance &+ 1 }
        case .newer: try Files.change(path, at: 63) { _ in max(chance, 50) }
        case .text: try Files.write(String(repeating: "no database \(chance)\n", count: 1 + Int(chance)), to: path)
        }
    }

    /// Files and their sizes and bytes; the owner's file is written by whoever looks.
    private static func content(of folder: String) -> [String: [UInt8]] {
        var content: [String: [UInt8]] = [:]
        for name in Files.names(in: folder) {
            content[name] = name.hasSuffix("-owner") ? [] : Files.bytes("\(folder)/\(name)")
        }
        return content
    }

    /// Somebody who may do nothing; root may write everywhere.
    private static func user(_ kind: Kind) -> [String] {
        kind.isForbidden && getuid() == 0 ? ["setpriv", "--reuid=65534", "--clear-groups"] : []
    }

    /// - Returns: what the library said, if it was not what it should have said.
    private static func open(_ path: String, _ kind: Kind, _ trial: Trial) throws -> String? {
        let child = try ChildProcess([OpeningWorker.name, path], under: Self.user(kind), log: "\(trial.folder)/log")
        var said = ""
        while let line = try child.line() { said = line }
        let exit = try child.exit()
        return exit == .code(WorkerExit.unusable) && said.contains(kind.words) ? nil : "\(exit) \(said)"
    }

    /// - Returns: what the command said, if it was not what it should have said.
    private static func command(_ path: String, _ kind: Kind, _ trial: Trial) throws -> String? {
        let verb = [["list"], ["queues"], ["verify"], ["verify", "--quarantine"]][trial.random(below: 4)]
        let (status, said) = try CommandWorker.run(verb + ["--db", path], under: Self.user(kind), trial)
        // To look through what may be read one need not write.
        if status == .success, verb[0] == "verify", [.readOnly, .readOnlyFolder].contains(kind) { return nil }
        let isClear = said.contains(kind.words) || kind.isForbidden && said.contains(path)
        return status == .unusable && isClear ? nil : "\(verb): \(status), \(said)"
    }
}
