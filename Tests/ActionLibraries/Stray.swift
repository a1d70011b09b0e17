// A library that brings a Penstock of its own: the number is right, and its types are somewhere else.

import PenstockFlow

/// Hands in words without types.
@_cdecl("penstock_actions")
public func actions() -> UnsafeMutableRawPointer {
    let words = UnsafeMutablePointer<UInt64>.allocate(capacity: 4)
    unsafe words.initialize(repeating: 0, count: 4)
    unsafe words[0] = 0x7065_6e73_746f_636b
    unsafe words[1] = LibraryEntry.interface
    return UnsafeMutableRawPointer(words)
}
