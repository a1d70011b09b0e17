import Penstock

/// What is kept of the run of a graph itself.
struct DurableRecord: Codable, Equatable {
    let graph: String
    /// The nodes with what they are and who sends to them: what has to be the same when it goes on.
    let nodes: [String]
}

/// The names under which a run is in its store.
struct DurableNames: Sendable {
    let run: String

    /// The queue of a node.
    func queue(of place: Int) -> String { "\(self.run):\(place)" }

    /// What there is of the run before it begins, and when all is done.
    var runReference: ItemReference { .key(queue: self.run, "run") }

    /// The queue of the nodes that have ended, and of how far those have come that bring items in or take them out.
    var progress: String { "\(self.run):progress" }

    /// Says that a node has ended.
    func done(_ place: Int) -> Operation {
        .push(NewItem(queue: self.progress, key: "\(place) has ended", payload: Payload(bytes: Array("true".utf8))))
    }

    func doneReference(_ place: Int) -> ItemReference { .key(queue: self.progress, "\(place) has ended") }

    /// Says how far a node has come.
    func position(_ place: Int, _ payload: Payload, isFirst: Bool) -> [Operation] {
        let key = "\(place) has come to"
        let push = Operation.push(NewItem(queue: self.progress, key: key, payload: payload, onDuplicate: .refuse))
        return isFirst ? [push] : [.pop(.key(queue: self.progress, key)), push]
    }

    /// Takes away what is left of the links and of how far the nodes have come.
    func clear(nodes: Int) -> [Operation] {
        (0..<nodes).map { .clear(queue: self.queue(of: $0)) } + [.clear(queue: self.progress)]
    }

    func positionReference(_ place: Int) -> ItemReference { .key(queue: self.progress, "\(place) has come to") }
}
