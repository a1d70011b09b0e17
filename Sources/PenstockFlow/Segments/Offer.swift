/// What a segment has on offer: that items of a type can be sent to it.
///
/// It is the `["segment", {'name': 'x'}, offer_queue]` of the handshake.
@usableFromInline
struct Offer: Sendable {
    let segment: String
    let type: any Any.Type
    /// Where a claim that meets the offer gets its link.
    let door: any Sendable

    /// The offer in a few words.
    var summary: String { "'\(self.segment)' takes \(self.type)" }
}

/// What an action needs: a link to a segment.
struct Claim: Sendable, Hashable {
    let source: String
    let target: String
    let typeName: String

    init(source: String, target: String, type: any Any.Type) {
        (self.source, self.target, self.typeName) = (source, target, "\(type)")
    }

    /// Finds the offer that meets it.
    func match(_ offers: [Offer]) throws(FlowError) -> Offer {
        if let offer = offers.first(where: { $0.segment == self.target }) { return offer }
        let list = offers.map(\.summary).joined(separator: ", ")
        throw FlowError(
            .unknownSegment,
            "it sends to '\(self.target)', which is not there; on offer are: \(list)"
        )
    }

    /// The offer is for items of another type.
    func mismatch(_ offer: Offer) -> FlowError {
        FlowError(
            .typeMismatch,
            "it sends \(self.typeName) to \(offer.summary): make them the same"
        )
    }
}
