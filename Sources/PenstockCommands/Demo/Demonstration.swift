public import Penstock

/// What the verb `demo` shows: a piece of work that is killed half-way, and goes on.
public protocol Demonstration: Sendable {
    /// What is shown, in one line.
    var abstract: String { get }

    /// The pipelines of the work; `store` is where they may read what others came to.
    func pipelines(over store: (any Store)?) -> [any Pipeline]

    /// The name of the workflow of which there is one run for each input.
    var workflow: String { get }

    /// The inputs of the work, which are the keys of its runs too; always the same for the same folder.
    func inputs(in folder: String?, limit: Int) throws -> [String]

    /// Starts a run for each input, where there is none yet, and returns where the runs are.
    func start(_ inputs: [String], in engine: Engine) async throws -> [ItemID]

    /// Does what a person would do about what waits for one, and returns how much that was.
    func answer(in engine: Engine) async throws -> Int

    /// Does what comes when all runs have ended, and returns what came of it, one line each.
    func conclude(in engine: Engine) async throws -> [String]

    /// How often each input was recorded outside Penstock's own tables.
    func recordings(in store: any Store) async throws -> [String: Int]
}

extension Demonstration {
    /// The pipelines, for whoever wants to know their names and types.
    var pipelines: [any Pipeline] { self.pipelines(over: nil) }
}
