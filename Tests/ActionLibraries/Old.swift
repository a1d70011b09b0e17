// A library that was built against another Penstock: what it hands in begins as it should, and has another number.

/// Hands in words with another number.
@_cdecl("penstock_actions")
public func actions() -> UnsafeMutableRawPointer {
    let words = UnsafeMutablePointer<UInt64>.allocate(capacity: 4)
    unsafe words.initialize(repeating: 0, count: 4)
    unsafe words[0] = 0x7065_6e73_746f_636b
    unsafe words[1] = 7
    return UnsafeMutableRawPointer(words)
}
