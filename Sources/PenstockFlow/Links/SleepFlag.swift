public import CLinux
public import Synchronization

/// Says that somebody sleeps, or is about to, and has to be woken.
///
/// Whoever has something new publishes it and looks at the flag; whoever is about to sleep sets the flag and looks once
/// more. At least one of the two sees the other.
///
/// It is unchecked because it leads to memory by a pointer; what lies there is atomic.
@usableFromInline
@safe
struct SleepFlag: @unchecked Sendable {  // What the pointer leads to is atomic.
    /// Alone on its lines: everybody who publishes reads it.
    @usableFromInline
    let flag: UnsafeMutablePointer<Atomic<Bool>>

    init() {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: Padding.bytes, alignment: Padding.bytes)
        unsafe self.flag = memory.bindMemory(to: Atomic<Bool>.self, capacity: 1)
        unsafe self.flag.initialize(to: Atomic(false))
    }

    /// Gives back the memory, which nobody may use any more.
    func deallocate() {
        unsafe UnsafeMutableRawPointer(self.flag).deallocate()
    }

    /// Looks at the flag, after what was published before.
    @inlinable
    func isSet() -> Bool {
        // The other half of the fence is in `set`, where it costs a call to the system.
        clinux_light_fence()
        return unsafe self.flag.pointee.load(ordering: .relaxed)
    }

    /// Sets the flag, before whoever is about to sleep looks once more.
    func set() {
        unsafe self.flag.pointee.store(true, ordering: .relaxed)
        clinux_heavy_fence()
    }

    /// Takes the flag down.
    /// - Returns: `false` when somebody else has.
    func take() -> Bool {
        unsafe self.flag.pointee.exchange(false, ordering: .acquiringAndReleasing)
    }
}
