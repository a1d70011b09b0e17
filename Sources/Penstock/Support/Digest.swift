/// A number of 64 bits that tells whether anything in a row of values has changed.
///
/// Each word is mixed in by a step that can be undone, so two rows of words that differ in one word never have the same
/// digest: every change within eight neighbouring bytes is noticed, and any other but for one in 2⁶⁴. The mixing is
/// that of Fowler, Noll and Vo's FNV-1a, with words instead of bytes, and the finalizer that of Steele, Lea and Flood's
/// SplitMix64. It notices damage, not an attack.
package struct Digest {
    private var state: UInt64

    /// Begins a digest.
    package init() {
        self.state = 0xcbf2_9ce4_8422_2325
    }

    /// Goes on from the value of another digest.
    package init(continuing value: UInt64) {
        self.state = value
    }

    /// Mixes in a word.
    package mutating func add(_ word: UInt64) {
        self.state = (self.state ^ word) &* 0x9e37_79b9_7f4a_7c15
        self.state ^= self.state >> 32
    }

    /// Mixes in a number.
    package mutating func add(_ number: Int64) {
        self.add(UInt64(bitPattern: number))
    }

    /// Mixes in a number, or its absence.
    package mutating func add(_ number: Int64?) {
        self.add(number == nil ? 0 : 1 as UInt64)
        self.add(number ?? 0)
    }

    /// Mixes in bytes and how many they are.
    package mutating func add(_ bytes: [UInt8]) {
        self.add(UInt64(bytes.count))
        var (word, shift): (UInt64, UInt64) = (0, 0)
        for byte in bytes {
            word |= UInt64(byte) << shift
            shift += 8
            guard shift == 64 else { continue }
            self.add(word)
            (word, shift) = (0, 0)
        }
        if shift > 0 { self.add(word) }
    }

    /// Mixes in bytes, or their absence.
    package mutating func add(_ bytes: [UInt8]?) {
        self.add(bytes == nil ? 0 : 1 as UInt64)
        self.add(bytes ?? [])
    }

    /// The digest of what was mixed in so far.
    package var value: UInt64 {
        var value = (self.state ^ (self.state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
