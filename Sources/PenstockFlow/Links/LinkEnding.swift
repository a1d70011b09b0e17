public import Synchronization

/// How the stream of a link has ended.
///
/// It travels beside the items and never as one of them, so `nil`, `0` and `""` are items like any other.
public enum LinkEnding: UInt8, Sendable, AtomicRepresentable {
    /// The producer has said that there is no more.
    case finished = 1
    /// The producer has gone without a word: it has failed or was aborted, and what came may not be all.
    case broken = 2
    /// It has not ended.
    case none = 0
}
