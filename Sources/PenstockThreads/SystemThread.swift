import CLinux

/// A thread of the system's own, for what must not keep those of tasks waiting.
package enum SystemThread {
    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(_ name: String, _ run: @escaping @Sendable () -> Void) {
            (self.name, self.run) = (name, run)
        }
    }

    /// Starts it.
    ///
    /// - Parameters:
    ///   - name: What tools show; the system keeps its first 15 bytes.
    ///   - stack: The bytes of its stack, of which only those are taken that are used; hundreds of fused actions call
    ///     one another.
    ///   - run: What it does; the thread ends when it returns.
    /// - Returns: 0, or the number of an error, and then `run` will not be called.
    package static func start(_ name: String, stack: Int = 8 << 20, run: @escaping @Sendable () -> Void) -> Int32 {
        let body = unsafe Unmanaged.passRetained(Body(name, run))
        let code = unsafe clinux_start_thread(
            stack,
            { context in
                guard let context = unsafe context else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
                unsafe clinux_name_thread(body.name)
                body.run()
                return nil
            },
            body.toOpaque()
        )
        if code != 0 { unsafe body.release() }
        return code
    }
}
