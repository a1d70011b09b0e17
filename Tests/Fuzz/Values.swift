@testable import Penstock

/// What is spelt is read back as it was, and what is refused is refused by an error.
func feedIdentifiers(_ input: FuzzInput) {
    let text = String(decoding: input.bytes, as: UTF8.self)
    if let id = ItemID(key: text) { precondition(id.key == text, "another key spells the same address") }
    let (root, run, step) = (input.integer(), input.integer(), Int(input.integer()))
    let id = step == 0 ? ItemID(root: root) : ItemID(root: root, run: run, step: step)
    if let same = ItemID(key: id.key) { precondition(same == id, "a key spells another address") }
    do throws(PenstockError) {
        try Limits.checkName(text)
        precondition((1...Limits.name).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f })
    } catch {
        precondition(error.code == .invalidName && error.message.utf8.count < 1000)
    }
    do throws(PenstockError) {
        try Limits.checkKey(text, queue: "q")
        precondition(ItemID(key: text) == nil, "a user's key spells an address")
    } catch {
        precondition(error.code == .invalidKey && error.message.utf8.count < 5000)
    }
}

/// What decodes encodes again to something that decodes to the same.
func feedPayloads(_ input: FuzzInput) {
    let kind = input.choice(9)
    let payload = Payload(bytes: input.rest())
    switch kind {
    case 0: roundTrip(payload, as: Failure.self)
    case 1: roundTrip(payload, as: Divergence.self)
    case 2: roundTrip(payload, as: Int.self)
    case 3: roundTrip(payload, as: String.self)
    case 4: roundTrip(payload, as: Bool.self)
    case 5: roundTrip(payload, as: [Int].self)
    case 6: roundTrip(payload, as: ItemID.self)
    case 7: roundTrip(payload, as: Timestamp.self)
    default: roundTrip(payload, as: [String: [Nothing]].self)
    }
}

private func roundTrip<Value: Codable & Equatable>(_ payload: Payload, as type: Value.Type) {
    do throws(PenstockError) {
        let value = try payload.decode(as: type)
        let again = try Payload(encoding: value)
        let same = try again.decode(as: type)
        precondition(same == value, "\(value) came back as another value")
    } catch {
        precondition(error.code == .undecodable, "\(error)")
    }
}
