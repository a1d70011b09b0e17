/// Room between what one thread writes and what another does, so that they do not take a cache line from one another.
///
/// 128 bytes, since processors fetch lines in pairs.
@usableFromInline
struct Padding: Sendable {
    static let bytes = 128

    private let room = InlineArray<16, UInt64>(repeating: 0)
}
