/// Something that a disk is asked to do.
public enum DiskOperation: String, Sendable, Hashable, CaseIterable {
    /// To read a part of a file.
    case read
    /// To write a part of a file.
    case write
    /// To make a file durable.
    case sync
    /// To shorten a file.
    case truncate
    /// To remove a file.
    case remove

    /// Those that change what is on the disk.
    public static let changes: Set<DiskOperation> = [.write, .sync, .truncate, .remove]
}

/// What goes wrong with a disk, and when.
public struct DiskFault: Sendable, Hashable, CustomStringConvertible {
    /// How an operation fails.
    public enum Effect: String, Sendable, Hashable {
        /// The power fails while the operation is under way, and nothing works after it.
        case stop
        /// The disk reports an error (EIO): what was to be written may be there in part.
        case fail
        /// There is no room (ENOSPC): what was to be written is there in part.
        case full
    }

    /// How it fails.
    public var effect: Effect
    /// Which operations are counted, and may fail.
    public var operations: Set<DiskOperation>
    /// Which one of them fails first, from when the fault is set: 1 is the next.
    public var number: Int
    /// How many of them fail from there on.
    public var count: Int

    /// The power fails at the operation with this number.
    public static func stop(
        at number: Int,
        of operations: Set<DiskOperation> = DiskOperation.changes
    ) -> DiskFault {
        DiskFault(effect: .stop, operations: operations, number: number, count: 1)
    }

    /// Operations fail from the one with this number on.
    public static func fail(
        at number: Int,
        of operations: Set<DiskOperation> = Set(DiskOperation.allCases),
        count: Int = 1
    ) -> DiskFault {
        DiskFault(effect: .fail, operations: operations, number: number, count: count)
    }

    /// The disk is full from the write with this number on, until ``CrashDisk/setFault(_:)`` says otherwise.
    public static func full(at number: Int) -> DiskFault {
        DiskFault(effect: .full, operations: [.write], number: number, count: .max)
    }

    /// Whether the operation with this number fails.
    func strikes(_ number: Int) -> Bool { number >= self.number && number - self.number < self.count }

    /// The fault in a few words.
    public var description: String {
        let count = self.count == .max ? "every one" : "\(self.count)"
        let names = self.operations.map(\.rawValue).sorted().joined(separator: ", ")
        return "\(self.effect.rawValue) \(count) from \(self.number) of \(names)"
    }
}
