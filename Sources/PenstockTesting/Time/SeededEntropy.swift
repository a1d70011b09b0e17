public import Penstock
import Synchronization

/// Randomness that a seed determines: SplitMix64 (Steele, Lea and Flood, 2014).
public final class SeededEntropy: PenstockEntropy, CustomStringConvertible {
    /// What determines every number.
    public let seed: UInt64

    private let generator: Mutex<SeededGenerator>

    /// Makes a source of the numbers that `seed` determines.
    public init(seed: UInt64) {
        self.seed = seed
        self.generator = Mutex(SeededGenerator(seed: seed))
    }

    /// Returns the next 64 bits.
    public func next() -> UInt64 { self.generator.withLock { $0.next() } }

    /// The seed, as one would write it into a report.
    public var description: String { "seed \(self.seed)" }
}

/// A generator of the numbers that a seed determines, for Swift's own random functions.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Makes a generator.
    public init(seed: UInt64) {
        self.state = seed
    }

    /// Returns the next 64 bits.
    public mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
