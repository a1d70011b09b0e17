import FoundationEssentials

/// Where a demonstration keeps its files.
struct DemoPlace {
    let database: String
    private let inputs: String
    /// The folder that was made for it; `nil` when the user said where the database is to be.
    private let folder: String?

    init(database: String?) throws {
        let manager = FileManager.default
        guard let database else {
            let folder = manager.temporaryDirectory.appending(path: "penstock-demo-\(UUID().uuidString.prefix(8))")
            try manager.createDirectory(at: folder, withIntermediateDirectories: true)
            self.folder = folder.path
            self.database = folder.appending(path: "demo.db").path
            self.inputs = folder.appending(path: "inputs.json").path
            return
        }
        guard !manager.fileExists(atPath: database) else {
            throw CommandFailure(.conflict, "'\(database)' is there already: name a file that is not")
        }
        self.folder = nil
        self.database = database
        self.inputs = "\(database)-inputs.json"
    }

    var workerArguments: [String] { ["demo-worker", "--db", self.database, "--inputs", self.inputs] }

    /// Writes down what is to be done, so that both workers do the same.
    func write(_ inputs: [String]) throws {
        do {
            try JSONEncoder().encode(inputs).write(to: URL(filePath: self.inputs))
        } catch {
            throw CommandFailure(
                .inputOutput,
                "nothing can be written beside '\(self.database)': name a file in a folder that is there"
            )
        }
    }

    func removeInputs() {
        try? FileManager.default.removeItem(atPath: self.inputs)
    }

    /// Removes everything that was made.
    func remove() {
        self.removeInputs()
        if let folder { return (try? FileManager.default.removeItem(atPath: folder)) ?? () }
        for suffix in ["", "-wal", "-shm", "-owner"] {
            try? FileManager.default.removeItem(atPath: self.database + suffix)
        }
    }
}
