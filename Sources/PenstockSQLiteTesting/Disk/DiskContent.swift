import PenstockTesting

/// What a disk holds: for each file what a process reads, what is durable, and what lies between the two.
///
/// It is a value, so a copy is the disk as it was at that moment.
struct DiskContent: Sendable {
    struct File: Sendable {
        /// What a process reads: everything that was written.
        var cached: [UInt8] = []
        /// What is there whatever happens to the power.
        var durable: [UInt8] = []
        /// What was asked for since the last sync, in order.
        var pending: [Change] = []
    }

    enum Change: Sendable {
        case write(offset: Int, [UInt8])
        case truncate(size: Int)
    }

    private enum NameChange: Sendable {
        case made(String, file: Int)
        case removed(String)
    }

    /// By number: a file that was removed is still there for whoever has it open.
    private(set) var files: [Int: File] = [:]
    /// The files that have names now, and those that have them whatever happens to the power.
    private(set) var names: [String: Int] = [:]
    private var durableNames: [String: Int] = [:]
    private var pendingNames: [NameChange] = []
    private var lastFile = 0

    // MARK: Names

    mutating func make(_ name: String) -> Int {
        self.lastFile += 1
        self.files[self.lastFile] = File()
        self.names[name] = self.lastFile
        self.pendingNames.append(.made(name, file: self.lastFile))
        return self.lastFile
    }

    mutating func remove(_ name: String) {
        self.names[name] = nil
        self.pendingNames.append(.removed(name))
    }

    mutating func syncNames() {
        for change in self.pendingNames { Self.apply(change, to: &self.durableNames) }
        self.pendingNames = []
    }

    // MARK: Files

    mutating func change(_ file: Int, _ change: Change) {
        Self.apply(change, to: &self.files[file, default: File()].cached)
        self.files[file, default: File()].pending.append(change)
    }

    mutating func sync(_ file: Int) {
        Self.settle(&self.files[file, default: File()])
    }

    private static func settle(_ file: inout File) {
        for change in file.pending { self.apply(change, to: &file.durable) }
        file.pending = []
    }

    /// A sync that fails.
    ///
    /// The system has tried to write, does not know what of it has arrived, and takes the pages for clean all the same:
    /// a process goes on reading what it wrote, and no later sync writes it again.
    mutating func failToSync(_ file: Int, _ chance: inout SeededGenerator) {
        guard var open = self.files[file] else { return }
        open.durable = Luck(&chance).image(of: open, &chance)
        open.pending = []
        self.files[file] = open
    }

    func bytes(of file: Int) -> Int { self.files[file]?.cached.count ?? 0 }

    // MARK: The end of the power

    /// What may be on the disk when the power fails: everything that was synced, and of the rest whatever the disk got
    /// to.
    ///
    /// Of the writes since the last sync of a file each is there, or is not, or is there in part: in sectors of 512
    /// bytes, in any order. So are the names of files that were made or removed. That is what disks promise, and no
    /// more.
    func afterPowerFailure(_ chance: inout SeededGenerator) -> DiskContent {
        let luck = Luck(&chance)
        var rest = DiskContent()
        var names = self.durableNames
        for change in luck.chosen(self.pendingNames, &chance) { Self.apply(change, to: &names) }
        // In the order of the names, so that a seed means the same in every process.
        for (name, number) in names.sorted(by: { $0.key < $1.key }) {
            guard let file = self.files[number] else { continue }
            let bytes = luck.image(of: file, &chance)
            rest.lastFile += 1
            rest.files[rest.lastFile] = File(cached: bytes, durable: bytes)
            rest.names[name] = rest.lastFile
        }
        rest.durableNames = rest.names
        return rest
    }

    /// The same disk with the end of a file cut off, for good.
    func cutting(_ name: String, to size: Int) -> DiskContent {
        var rest = self
        guard let number = self.names[name], let file = self.files[number] else { return rest }
        let bytes = Array(file.cached.prefix(size))
        rest.files[number] = File(cached: bytes, durable: bytes)
        return rest
    }

    private static func apply(_ change: NameChange, to names: inout [String: Int]) {
        switch change {
        case .made(let name, let file): names[name] = file
        case .removed(let name): names[name] = nil
        }
    }

    static func apply(_ change: Change, to bytes: inout [UInt8]) {
        switch change {
        case .truncate(let size): if size < bytes.count { bytes.removeSubrange(size...) }
        case .write(let offset, let content): Self.apply(content[...], at: offset, to: &bytes)
        }
    }

    static func apply(_ content: ArraySlice<UInt8>, at offset: Int, to bytes: inout [UInt8]) {
        let end = offset + content.count
        if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
        unsafe bytes.withUnsafeMutableBytes { bytes in
            unsafe content.withUnsafeBytes { content in
                unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<end]).copyMemory(from: content)
            }
        }
    }
}

/// How far a disk got with what it was asked to do.
///
/// It is fast, slow, or somewhere between, in order or not, so that states at both ends are seen often.
private struct Luck {
    private enum Fate {
        case lost
        case torn
        case done
    }

    private let kind: UInt64

    init(_ chance: inout SeededGenerator) {
        self.kind = chance.next() % 5
    }

    private func fate(_ chance: inout SeededGenerator) -> Fate {
        switch chance.next() % 4 {
        case 0 where self.kind != 3, 1 where self.kind == 0: .lost
        case 2 where self.kind != 3: .torn
        default: .done
        }
    }

    /// What a file may hold.
    func image(of file: DiskContent.File, _ chance: inout SeededGenerator) -> [UInt8] {
        var bytes = file.durable
        for change in self.ordered(file.pending, &chance) {
            switch (self.fate(&chance), change) {
            case (.lost, _), (.torn, .truncate): continue
            case (.torn, .write(let offset, let content)): Self.tear(content, at: offset, into: &bytes, &chance)
            case (.done, _): DiskContent.apply(change, to: &bytes)
            }
        }
        return bytes
    }

    /// Those of several changes that cannot be torn which have happened.
    func chosen<Change>(_ changes: [Change], _ chance: inout SeededGenerator) -> [Change] {
        changes.filter { _ in self.fate(&chance) == .done }
    }

    private func ordered<Change>(_ changes: [Change], _ chance: inout SeededGenerator) -> [Change] {
        self.kind == 4 ? changes.shuffled(using: &chance) : changes
    }

    /// Writes some of the sectors.
    private static func tear(
        _ content: [UInt8],
        at offset: Int,
        into bytes: inout [UInt8],
        _ chance: inout SeededGenerator
    ) {
        var start = 0
        while start < content.count {
            let end = min(((offset + start) / 512 + 1) * 512 - offset, content.count)
            if chance.next() % 2 == 0 { DiskContent.apply(content[start..<end], at: offset + start, to: &bytes) }
            start = end
        }
    }
}
