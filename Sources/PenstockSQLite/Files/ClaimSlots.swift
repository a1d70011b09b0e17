import CLinux
import Penstock
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What the owner is working on, in pages that outlive the process.
///
/// A claim is four words: token, tree, run and step. A claim without a token does not count. It is written last and
/// cleared first, so that whenever the process dies, a claim that counts is whole. More claims than there are slots for
/// are not kept.
final class ClaimSlots: ClaimLedger {
    @safe
    private struct State {
        /// `nil` once the pages were given back.
        var words: UnsafeMutablePointer<Int64>?
        var slots: [ItemID: Int] = [:]
        /// Slots that were used and are free again, and the first that never was.
        var free: [Int] = []
        var unused = 0
    }

    private let state: Mutex<State>

    /// How many claims are kept.
    static let capacity = 65_536

    /// The first page says who the owner is; the places of its words, and of its two texts in bytes.
    private static let headerBytes = 4096
    private static let magic: Int64 = 0x5045_4e53_544f_434b
    private enum Word {
        static let magic = 0
        static let process = 1
        static let since = 2
        static let epoch = 3
    }
    private static let programPlace = 64
    private static let hostPlace = 64 + 256
    private static let textBytes = 256
    private static let bytes = ClaimSlots.headerBytes + ClaimSlots.capacity * 32

    /// Maps the pages of a file that the caller has locked.
    init(mapping descriptor: Int32, path: String) throws(PenstockError) {
        let code = clinux_allocate(descriptor, Self.bytes)
        guard code == 0 else { throw DatabasePath.refused(path, code) }
        let pages = unsafe mmap(nil, Self.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let pages = unsafe pages, unsafe pages != MAP_FAILED else { throw DatabasePath.refused(path, errno) }
        let words = unsafe pages.bindMemory(to: Int64.self, capacity: Self.bytes / 8)
        self.state = unsafe Mutex(State(words: words))
    }

    // MARK: The header

    /// Writes down who owns the file.
    ///
    /// What the last owner claimed, and when, stays.
    func describe(now: Timestamp) {
        let program = CommandLine.arguments.first?.split(separator: "/").last.map { String($0) } ?? ""
        var host = [CChar](repeating: 0, count: Self.textBytes)
        unsafe gethostname(&host, Self.textBytes - 1)
        let hostBytes = host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        self.state.withLock { state in
            guard let words = unsafe state.words else { return }
            unsafe words[Word.process] = Int64(getpid())
            unsafe words[Word.since] = now.milliseconds
            let page = UnsafeMutableRawPointer(words)
            for (place, text) in [(Self.programPlace, Array(program.utf8)), (Self.hostPlace, hostBytes)] {
                for index in 0..<Self.textBytes {
                    let byte = index < min(text.count, Self.textBytes - 1) ? text[index] : 0
                    unsafe page.storeBytes(of: byte, toByteOffset: place + index, as: UInt8.self)
                }
            }
            unsafe words[Word.magic] = Self.magic
        }
    }

    /// Reads who owns an open file.
    static func description(in descriptor: Int32) -> OwnerDescription? {
        var page = [UInt8](repeating: 0, count: Self.hostPlace + Self.textBytes)
        let count = unsafe page.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count == page.count else { return nil }
        func word(_ index: Int) -> Int64 {
            unsafe page.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: index * 8, as: Int64.self) }
        }
        func text(_ place: Int) -> String {
            String(decoding: page[place...].prefix(Self.textBytes).prefix { $0 != 0 }, as: UTF8.self)
        }
        guard word(Word.magic) == Self.magic else { return nil }
        return OwnerDescription(
            process: Int32(truncatingIfNeeded: word(Word.process)),
            program: text(Self.programPlace),
            host: text(Self.hostPlace),
            since: Timestamp(milliseconds: word(Word.since))
        )
    }

    // MARK: Claims of the last owner

    /// The epoch in which the claims were made.
    var epoch: Int64 {
        self.state.withLock { state in
            guard let words = unsafe state.words else { return 0 }
            return unsafe words[Word.epoch]
        }
    }

    /// The claims that are there.
    var left: [LeaseReference] {
        self.state.withLock { state in
            guard let words = unsafe state.words else { return [] }
            return (0..<Self.capacity).compactMap { slot in
                let claim = unsafe words + Self.place(of: slot)
                guard unsafe claim[0] != 0 else { return nil }
                let id = unsafe ItemID(root: claim[1], run: claim[2], step: Int(claim[3]))
                return unsafe LeaseReference(id: id, token: claim[0])
            }
        }
    }

    /// Forgets what is there; claims to come are of `epoch`.
    func begin(epoch: Int64) {
        self.state.withLock { state in
            guard let words = unsafe state.words else { return }
            for slot in 0..<Self.capacity where unsafe words[Self.place(of: slot)] != 0 {
                unsafe words[Self.place(of: slot)] = 0
            }
            atomicMemoryFence(ordering: .acquiringAndReleasing)
            unsafe words[Word.epoch] = epoch
        }
    }

    // MARK: Claims of this owner

    /// A worker has begun with an item.
    func began(_ lease: LeaseReference) {
        self.state.withLock { state in
            guard let words = unsafe state.words else { return }
            let id = lease.id
            let slot: Int
            if let own = state.slots[id] {
                slot = own
            } else if let free = state.free.popLast() {
                slot = free
            } else if state.unused < Self.capacity {
                slot = state.unused
                state.unused += 1
            } else {
                return
            }
            state.slots[id] = slot
            let claim = unsafe words + Self.place(of: slot)
            unsafe claim[1] = id.root
            unsafe claim[2] = id.run
            unsafe claim[3] = Int64(id.step)
            atomicMemoryFence(ordering: .acquiringAndReleasing)
            unsafe claim[0] = lease.token
        }
    }

    /// Nobody is at work on these any longer.
    func ended(_ ids: [ItemID]) {
        self.state.withLock { state in
            guard let words = unsafe state.words else { return }
            for id in ids {
                guard let slot = state.slots.removeValue(forKey: id) else { continue }
                unsafe words[Self.place(of: slot)] = 0
                state.free.append(slot)
            }
            // A slot is not used again before everybody can see that it is free.
            atomicMemoryFence(ordering: .acquiringAndReleasing)
        }
    }

    /// Forgets the claims, since whoever ends in good order died over nothing, and gives the pages back.
    func end() {
        self.state.withLock { state in
            guard let words = unsafe state.words else { return }
            for slot in state.slots.values { unsafe words[Self.place(of: slot)] = 0 }
            unsafe munmap(words, Self.bytes)
            state = State()
        }
    }

    private static func place(of slot: Int) -> Int { (Self.headerBytes + slot * 32) / 8 }
}
