#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A Swift dynamic library that has actions.
enum DynamicLibrary {
    /// The entry point of each.
    static let symbol = "penstock_actions"

    private typealias Entry = @convention(c) () -> UnsafeMutableRawPointer?

    /// Loads a library, which stays for as long as the process runs: nothing written in Swift can be unloaded.
    ///
    /// Everything it needs is looked for now, so that one that was built against something else fails here and not at
    /// some item.
    /// - Throws: ``FlowError`` when it is not there, cannot be loaded, or hands in no actions.
    static func load(_ path: String) throws(FlowError) -> ActionLibrary {
        guard let handle = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            throw FlowError(.badLibrary, "library '\(path)' cannot be loaded: \(Self.reason())")
        }
        guard let address = unsafe dlsym(handle, Self.symbol) else {
            unsafe dlclose(handle)
            throw FlowError(
                .badLibrary,
                "library '\(path)' has no entry point '\(Self.symbol)', so it has no actions of Penstock"
            )
        }
        return try unsafe LibraryEntry.take(unsafeBitCast(address, to: Entry.self)(), of: path)
    }

    /// Why the last call has failed, and what may be done about it.
    private static func reason() -> String {
        guard let text = unsafe dlerror() else { return "no reason was given" }
        let reason = unsafe String(cString: text)
        guard reason.contains("undefined symbol") else { return reason }
        return reason + " (build it again for this program, which has to be linked with -Xlinker --export-dynamic)"
    }
}
