import Synchronization

/// What the segments of a pipeline can be made of by name: the program's own libraries, and those that were loaded.
@usableFromInline
final class ActionCatalog: Sendable {
    private struct State {
        var libraries: [ActionLibrary]
        /// What came of each path, so that it is loaded once for all segments.
        var loaded: [String: Result<Void, FlowError>] = [:]
    }

    private let state: Mutex<State>

    init(_ libraries: [ActionLibrary]) {
        self.state = Mutex(State(libraries: libraries))
    }

    /// Loads a library, unless another segment has done so.
    func load(_ path: String) throws(FlowError) {
        try self.state.withLock { state throws(FlowError) in
            if let outcome = state.loaded[path] { return try outcome.get() }
            do throws(FlowError) {
                let library = try DynamicLibrary.load(path)
                try Self.check(library, path, among: state.libraries)
                state.libraries.append(library)
                state.loaded[path] = .success(())
            } catch {
                state.loaded[path] = .failure(error)
                throw error
            }
        }
    }

    /// Finds an action by its exact name.
    func find(_ name: String) -> RegisteredAction? {
        let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        return self.state.withLock { state in
            state.libraries.first { $0.name == parts[0] }?.actions.first { $0.name == parts[1] }
        }
    }

    /// All names.
    var names: [String] {
        self.state.withLock { state in
            state.libraries.flatMap { library in library.actions.map { "\(library.name).\($0.name)" } }.sorted()
        }
    }

    private static func check(_ library: ActionLibrary, _ path: String, among others: [ActionLibrary]) throws(FlowError)
    {
        guard !others.contains(where: { $0.name == library.name }) else {
            throw FlowError(
                .badLibrary,
                "library '\(path)' calls itself '\(library.name)', and so does another: name one of them differently"
            )
        }
        let names = library.actions.map(\.name)
        guard let name = names.first(where: { name in names.count { $0 == name } > 1 }) else { return }
        throw FlowError(.badLibrary, "library '\(path)' has the action '\(name)' twice: name one of them differently")
    }
}
