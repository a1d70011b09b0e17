/// What an action can do while its segment starts.
///
/// It belongs to the thread of the segment, and to no moment after the start.
public final class ActionContext {
    /// The name of the segment.
    public let segment: String

    let bell: Bell
    private let onFailure: FailurePolicy
    /// How many actions have started.
    var started = 0
    private(set) var claims: [any ClaimedOutlet] = []

    init(segment: String, bell: Bell, onFailure: FailurePolicy) {
        (self.segment, self.bell, self.onFailure) = (segment, bell, onFailure)
    }

    /// Claims a link to a segment, to which this action sends.
    ///
    /// The link is there once all segments have started, when claims are matched with what is on offer. A claim that
    /// no offer meets fails the pipeline before anything flows.
    public func claim<Item: Sendable>(_ segment: String, of type: Item.Type = Item.self) -> Outlet<Item> {
        let outlet = Outlet<Item>(from: self.segment, to: segment, bell: self.bell, onFailure: self.onFailure)
        self.claims.append(outlet)
        return outlet
    }
}
