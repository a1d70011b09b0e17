import Penstock

/// The item with which a pipeline begins, of a type that is compared when the start segment is known.
struct Activation: Sendable {
    let summary: String
    /// Puts it and the end of the stream into a link to what is on offer.
    let write: @Sendable (Offer) throws(FlowError) -> Void

    init<Item: Sendable>(_ item: Item) {
        self.summary = "\(item)"
        self.write = { offer throws(FlowError) in
            guard let door = offer.door as? InletDoor<Item> else {
                throw FlowError(
                    .typeMismatch,
                    "\(offer.summary), and the activation item is \(Item.self): make them the same"
                )
            }
            door.activate(item)
        }
    }

    init(json: Payload) {
        self.summary = json.text
        self.write = { offer throws(FlowError) in
            guard let door = offer.door as? any DecodingDoor else {
                throw FlowError(.typeMismatch, "\(offer.summary), which cannot be decoded from JSON")
            }
            try door.activate(json, offer)
        }
    }
}

extension InletDoor {
    fileprivate func activate(_ item: Item) {
        // A link holds one item at least, so nobody has to take it out first.
        var writer = self.link(from: "the pipeline manager", bell: Bell()).writer()
        _ = writer.writeIfRoom(item)
        writer.finish()
    }
}

/// The door of a segment whose items can be decoded.
private protocol DecodingDoor {
    func activate(_ json: Payload, _ offer: Offer) throws(FlowError)
}

extension InletDoor: DecodingDoor where Item: Decodable {
    fileprivate func activate(_ json: Payload, _ offer: Offer) throws(FlowError) {
        do throws(PenstockError) {
            self.activate(try json.decode(as: Item.self))
        } catch {
            throw FlowError(
                .typeMismatch,
                "\(offer.summary), and the activation item is \(json.text): \(error.message)"
            )
        }
    }
}
