public import Synchronization

/// The memory between one producer and one consumer: a bounded ring, and how far each of them has come.
///
/// The positions only grow; an item lies in the slot of its position. Each side keeps its own position and the last it
/// has seen of the other's in ``LinkWriter`` and ``LinkReader``, and looks at the other's line only when these say that
/// nothing is left: Lamport's queue of 1983, with the positions of the other side remembered as in MCRingBuffer (Lee,
/// Bu and Chandranmenon, IPDPS 2010).
///
/// It is unchecked because the slots between the positions belong to one side at a time: the producer until it has
/// published its position, the consumer until it has published its own.
@usableFromInline
@safe
final class Ring<Element>: @unchecked Sendable {  // Each slot belongs to one side at a time.
    /// How many items may be in it.
    @usableFromInline
    let capacity: Int
    /// What of a position says which slot it is; there are as many slots as the next power of two.
    @usableFromInline
    let mask: Int
    @usableFromInline
    let slots: UnsafeMutablePointer<Element>
    /// Whom to wake when there is room again, and when there is something.
    @usableFromInline
    let producer: Bell
    @usableFromInline
    let consumer: Bell
    /// Whether they sleep.
    @usableFromInline
    let producerSleeps: SleepFlag
    @usableFromInline
    let consumerSleeps: SleepFlag

    private let before = Padding()
    /// How many items the consumer has taken out.
    @usableFromInline
    let taken = Atomic(0)
    private let between = Padding()
    /// How many items the producer has put in.
    @usableFromInline
    let put = Atomic(0)
    private let after = Padding()
    /// How the stream has ended; written by the producer after its last position.
    @usableFromInline
    let ending = Atomic(LinkEnding.none)
    /// Whether the consumer has gone, and nobody will take anything out any more.
    @usableFromInline
    let isAbandoned = Atomic(false)

    init(capacity: Int, producer: Bell, consumer: Bell) {
        precondition(capacity > 0, "a link holds at least one item")
        let count = capacity == 1 ? 1 : 1 << (Int.bitWidth - (capacity - 1).leadingZeroBitCount)
        self.capacity = capacity
        self.mask = count - 1
        unsafe self.slots = .allocate(capacity: count)
        self.producer = producer
        self.consumer = consumer
        self.producerSleeps = producer.flag
        self.consumerSleeps = consumer.flag
    }

    /// About how many items are in it.
    var count: Int {
        max(0, self.put.load(ordering: .acquiring) &- self.taken.load(ordering: .acquiring))
    }

    deinit {
        // Both sides are gone, and what was not taken out is given up.
        var position = self.taken.load(ordering: .acquiring)
        while position != self.put.load(ordering: .acquiring) {
            unsafe (self.slots + (position & self.mask)).deinitialize(count: 1)
            position &+= 1
        }
        unsafe self.slots.deallocate()
    }
}
