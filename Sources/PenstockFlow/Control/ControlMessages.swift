/// What a manager asks of whoever is below it.
enum ControlRequest: Sendable {
    /// Load additional libraries (a1, b1).
    case libraries([String])
    /// Make the actions (a3, b3).
    case actions(SegmentBlueprint)
    /// Start the actions (a5, b5).
    case start
    /// What all segments have on offer (a8).
    case offers([Offer])
    /// The offers that meet the claims, in their order: make the links.
    case links([Offer])
    /// Say where a link into the segment is made.
    case getLink
    /// Take items until there are no more.
    case run
    /// End, because of this.
    case terminate(String)

    /// The request in a few words.
    var summary: String {
        switch self {
        case .libraries(let names): "libraries \(names)"
        case .actions(let blueprint): (["actions"] + blueprint.uses.map(\.use)).joined(separator: " ")
        case .start: "start"
        case .offers(let offers): "offers: " + offers.map(\.summary).joined(separator: ", ")
        case .links(let offers): "links to \(offers.map(\.segment))"
        case .getLink: "get link"
        case .run: "run"
        case .terminate(let reason): "terminate: \(reason)"
        }
    }
}

/// What comes back.
enum ControlReply: Sendable {
    /// The libraries were loaded (a2, b2).
    case librariesLoaded
    /// The actions were made; these are their names, and what can be sent to the first of them (a4, b4).
    case actionsLoaded(String, Offer)
    /// So many actions have started (a6, b6).
    case started(Int)
    /// What the segment has on offer (a7).
    case offers([Offer])
    /// Which links its actions claim (b7).
    case claims([Claim])
    /// The claims were matched, and the links are there.
    case linked([Claim])
    /// Where a link into the segment is made.
    case link(Offer)
    /// It could not do what was asked.
    case failed(SegmentFailure)
    /// It has ended.
    case ended(SegmentResult)

    /// The reply in a few words.
    var summary: String {
        switch self {
        case .librariesLoaded: "libraries loaded"
        case .actionsLoaded(let names, _): "actions loaded: \(names)"
        case .started(let count): "started \(count)"
        case .offers(let offers): "offers: " + offers.map(\.summary).joined(separator: ", ")
        case .claims(let claims): "claims: \(claims.map(\.target))"
        case .linked(let claims): "linked to \(claims.map(\.target))"
        case .link(let offer): "link: \(offer.summary)"
        case .failed(let failure): "failed: \(failure)"
        case .ended(let result): "\(result)"
        }
    }
}
