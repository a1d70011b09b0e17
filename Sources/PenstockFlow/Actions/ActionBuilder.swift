/// Fuses the actions of a segment, in the order in which they are written.
///
/// Each takes what the one before it puts; where the types differ it does not compile.
@resultBuilder
public enum ActionBuilder {
    /// The first action.
    @inlinable
    public static func buildPartialBlock<First: Action>(first: First) -> NamedAction<First> {
        NamedAction(first)
    }

    /// The next action.
    @inlinable
    public static func buildPartialBlock<First: Action, Second: Action>(
        accumulated: First,
        next: Second
    ) -> FusedAction<First, NamedAction<Second>> where First.Output == Second.Input {
        FusedAction(accumulated, NamedAction(next))
    }
}
