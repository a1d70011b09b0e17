/// What something does when one operation comes after the other.
protocol SequentialModel {
    associatedtype State: Hashable
    /// What was asked and what was answered.
    associatedtype Operation: Hashable

    /// The states in which an operation may leave it that was answered as it was; none, when it cannot have been.
    ///
    /// An operation whose answer nobody has heard need not return the states in which it has no effect.
    func successors(of state: State, by operation: Operation) -> [State]

    /// The states into which it may pass by itself, and the instants from which.
    func silentSuccessors(of state: State) -> [(state: State, from: Int64)]
}

extension SequentialModel {
    /// All states in which it may be at an instant at which nothing was asked of it, beginning with `state`.
    func closure(of state: State, at instant: Int64) -> [State] {
        var states = [state]
        var next = 0
        while next < states.count {
            for (silent, from) in self.silentSuccessors(of: states[next])
            where from <= instant && !states.contains(silent) {
                states.append(silent)
            }
            next += 1
        }
        return states
    }
}
