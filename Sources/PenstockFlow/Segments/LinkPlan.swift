/// Which segment sends to which, as their claims say: what has to hold before anything flows.
struct LinkPlan {
    private let targets: [String: [String]]

    init(_ claims: [Claim]) {
        self.targets = Dictionary(grouping: claims, by: \.source).mapValues { $0.map(\.target) }
    }

    /// The first circle there is, from a segment back to itself; `nil` when there is none.
    ///
    /// Segments that send to one another in a circle come to wait for one another, and none of them ever sees the end
    /// of all its links. Linear in the number of links.
    var cycle: [String]? {
        var finished: Set<String> = []
        for start in self.targets.keys.sorted() {
            if let cycle = self.cycle(from: start, &finished) { return cycle }
        }
        return nil
    }

    /// Walks along the links with a list of its own, since pipelines may be deeper than a stack.
    private func cycle(from start: String, _ finished: inout Set<String>) -> [String]? {
        guard !finished.contains(start) else { return nil }
        var path = [(segment: start, next: 0)]
        var isOnPath: Set = [start]
        while let (segment, next) = path.last {
            let targets = self.targets[segment, default: []]
            guard next < targets.count else {
                path.removeLast()
                isOnPath.remove(segment)
                finished.insert(segment)
                continue
            }
            path[path.count - 1].next += 1
            let target = targets[next]
            if isOnPath.contains(target) {
                return path.map(\.segment).drop { $0 != target } + [target]
            }
            guard !finished.contains(target) else { continue }
            path.append((target, 0))
            isOnPath.insert(target)
        }
        return nil
    }
}
