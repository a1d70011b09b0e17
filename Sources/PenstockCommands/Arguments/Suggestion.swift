/// What somebody may have meant.
enum Suggestion {
    /// The known word that is nearest to one that is not known, if one is near.
    static func nearest(to word: String, in known: [String]) -> String? {
        let word = word.lowercased()
        if word.count >= 3, let longer = known.first(where: { $0.lowercased().hasPrefix(word) }) { return longer }
        let limit = word.count < 4 ? 1 : 2
        return
            known
            .map { (name: $0, distance: Self.distance(word, $0.lowercased())) }
            .filter { $0.distance <= limit }
            .min { $0.distance < $1.distance }?
            .name
    }

    /// How many letters have to be changed, added, left out or swapped with a neighbour.
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.prefix(64)), Array(right.prefix(64)))
        var rows = [Array(0...right.count)]
        for (row, letter) in left.enumerated() {
            var line = [row + 1]
            for (column, other) in right.enumerated() {
                var cost = min(
                    rows[row][column + 1] + 1,
                    line[column] + 1,
                    rows[row][column] + (letter == other ? 0 : 1)
                )
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    cost = min(cost, rows[row - 1][column - 1] + 1)
                }
                line.append(cost)
            }
            rows.append(line)
        }
        return rows[left.count][right.count]
    }
}
