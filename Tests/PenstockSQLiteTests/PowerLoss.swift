import Foundation
import PenstockTesting

/// What may be on a disk when the power fails: everything that was synced, and of the rest whatever the disk got to.
///
/// Of the writes since the last sync of a file each is there, or is not, or is there in part: in sectors of 512 bytes,
/// in any order. That is what disks promise, and no more.
struct PowerLoss {
    private struct File {
        var synced: [UInt8] = []
        /// What was asked for since, in order.
        var pending: [Pending] = []
    }

    private enum Pending {
        case write(offset: Int, [UInt8])
        case truncate(size: Int)
    }

    private var files: [Int: File] = [:]
    /// The transactions that were acknowledged.
    private(set) var acknowledged: Set<Int> = []

    /// Takes in what has happened next.
    mutating func follow(_ event: DiskTrace.Event) {
        switch event {
        case .acknowledged(let number): self.acknowledged.insert(number)
        case .write(let file, let offset, let bytes):
            self.files[file, default: File()].pending.append(.write(offset: offset, bytes))
        case .truncate(let file, let size): self.files[file, default: File()].pending.append(.truncate(size: size))
        case .sync(let file):
            var state = self.files[file, default: File()]
            for pending in state.pending { Self.apply(pending, to: &state.synced) }
            state.pending = []
            self.files[file] = state
        }
    }

    /// How many writes are not synced.
    var pending: Int { self.files.values.reduce(0) { $0 + $1.pending.count } }

    /// What the files may hold, by the numbers of the files.
    func image(_ random: SeededEntropy) -> [Int: [UInt8]] {
        // The disk is fast, slow, or somewhere between, so that states at both ends are seen often.
        let luck = random.next() % 5
        return self.files.mapValues { file in
            var bytes = file.synced
            var rest = file.pending
            while !rest.isEmpty {
                let next = rest.remove(at: luck == 4 ? Int(random.next() % UInt64(rest.count)) : 0)
                switch random.next() % 4 {
                case 0 where luck != 3, 1 where luck == 0: continue
                case 2 where luck != 3: Self.tear(next, into: &bytes, random)
                default: Self.apply(next, to: &bytes)
                }
            }
            return bytes
        }
    }

    private static func apply(_ pending: Pending, to bytes: inout [UInt8]) {
        switch pending {
        case .truncate(let size): if size < bytes.count { bytes.removeSubrange(size...) }
        case .write(let offset, let content):
            if bytes.count < offset + content.count {
                bytes += [UInt8](repeating: 0, count: offset + content.count - bytes.count)
            }
            bytes.replaceSubrange(offset..<offset + content.count, with: content)
        }
    }

    /// Writes some of the sectors.
    private static func tear(_ pending: Pending, into bytes: inout [UInt8], _ random: SeededEntropy) {
        guard case .write(let offset, let content) = pending else { return }
        var start = 0
        while start < content.count {
            let end = min(((offset + start) / 512 + 1) * 512 - offset, content.count)
            if random.next() % 2 == 0 {
                self.apply(.write(offset: offset + start, Array(content[start..<end])), to: &bytes)
            }
            start = end
        }
    }
}
