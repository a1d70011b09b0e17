import CLinux

/// A thread of its own for a manager or a runner.
package enum FlowThread {
    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(_ name: String, _ run: @escaping @Sendable () -> Void) {
            (self.name, self.run) = (name, run)
        }
    }

    /// The bytes of its stack, of which only those are taken that are used; hundreds of fused actions call one another.
    private static let stack = 8 << 20

    /// Starts it.
    /// - Returns: 0, or the number of an error, and then `run` will not be called.
    package static func start(_ name: String, run: @escaping @Sendable () -> Void) -> Int32 {
        let body = unsafe Unmanaged.passRetained(Body(name, run))
        let code = unsafe clinux_start_thread(
            Self.stack,
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
