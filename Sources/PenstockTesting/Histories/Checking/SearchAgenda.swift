/// What is still to be looked at, with the most promising last.
///
/// The further a path has come, the more promising it is; and the less, the more it supposes to have happened of which
/// nobody knows the outcome.
struct SearchAgenda<Frame> {
    /// By how promising they are.
    private var frames: [[Frame]] = [[]]
    private var top = 0

    /// How many answers it has to account for more to make up for one thing that it supposes.
    private static var price: Int { 8 }

    mutating func add(_ frame: Frame, answers: Int, supposed: Int) {
        let place = max(answers - supposed * Self.price, 0)
        while self.frames.count <= place { self.frames.append([]) }
        self.frames[place].append(frame)
        self.top = max(self.top, place)
    }

    mutating func next() -> Frame? {
        while self.frames[self.top].isEmpty {
            guard self.top > 0 else { return nil }
            self.top -= 1
        }
        return self.frames[self.top].removeLast()
    }
}
