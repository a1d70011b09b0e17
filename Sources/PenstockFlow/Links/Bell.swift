import CLinux
import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Where one thread or task sleeps until somebody has news for it.
///
/// Whoever changes what it may wait for rings, which costs a load of a line that is hardly ever written. Whoever waits
/// spins for a moment, gives way a few times, and then sleeps: a link that has work moves it without a call to the
/// system, and one that has none takes no processor time.
public final class Bell: Sendable {
    private enum Sleeper {
        case nobody
        case thread
        case task(CheckedContinuation<Void, Never>)
    }

    /// Whether somebody sleeps, or is about to, and has to be woken.
    ///
    /// It is beside the object, so that those who ring need not count a reference to it a million times a second.
    let flag = SleepFlag()
    private let sleeper = Mutex(Sleeper.nobody)
    private let semaphore = DispatchSemaphore(value: 0)

    /// How often it looks before it gives way to other threads, and how often it gives way before it sleeps.
    ///
    /// About a microsecond, and about ten: to sleep and to be woken costs thirty.
    private static let looks = 50
    private static let turns = 20

    /// Makes a bell for one thread or task.
    public init() {}

    deinit {
        self.flag.deallocate()
    }

    /// Wakes whoever waits here, to look again; it costs next to nothing when nobody sleeps.
    ///
    /// What was published before, with release order or stronger, is seen by whoever is woken or about to sleep.
    public func ring() {
        if self.flag.isSet() { self.wake() }
    }

    @usableFromInline
    func wake() {
        guard self.flag.take() else { return }
        let sleeper = self.sleeper.withLock { sleeper in
            defer { sleeper = .nobody }
            return sleeper
        }
        switch sleeper {
        case .nobody: break
        case .thread: self.semaphore.signal()
        case .task(let continuation): continuation.resume()
        }
    }

    /// Blocks the thread until `condition` holds; whoever makes it hold rings after that.
    ///
    /// One thread at a time may wait.
    public func wait(until condition: () -> Bool) {
        for _ in 0..<Self.looks {
            if condition() { return }
            clinux_pause()
        }
        for _ in 0..<Self.turns {
            if condition() { return }
            sched_yield()
        }
        while !condition() {
            self.sleeper.withLock { $0 = .thread }
            self.flag.set()
            // Who takes the flag signals, and whoever signals is waited for.
            if condition(), self.flag.take() { return }
            self.semaphore.wait()
        }
    }

    /// Suspends the task until `condition` holds; whoever makes it hold rings after that.
    ///
    /// One task at a time may wait. It does not hear of cancellation: whoever cancels makes the condition hold.
    public func suspend(until condition: () -> Bool) async {
        // Where many tasks share a thread, one of the others is likely to make it hold.
        for _ in 0..<Self.turns {
            if condition() { return }
            guard await FlowExecutor.giveWay() else { break }
        }
        while !condition() {
            await withCheckedContinuation { continuation in
                self.sleeper.withLock { $0 = .task(continuation) }
                self.flag.set()
                if condition() { self.wake() }
            }
        }
    }
}
