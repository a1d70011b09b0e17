/// Columns of text for people.
struct TextTable {
    enum Side {
        case left
        case right
    }

    private let titles: [String]
    private let sides: [Side]
    private var rows: [[String]] = []

    /// Makes a table; a title that ends in `#` is that of a column of numbers, which stand on the right.
    init(_ titles: String...) {
        self.sides = titles.map { $0.hasSuffix("#") ? .right : .left }
        self.titles = titles.map { $0.hasSuffix("#") ? String($0.dropLast()) : $0 }
    }

    var isEmpty: Bool { self.rows.isEmpty }

    mutating func add(_ cells: String...) {
        self.rows.append(cells.map(PlainText.init).map(\.text))
    }

    /// The lines of the table, none longer than `columns`: what is too long ends in an ellipsis.
    func lines(columns: Int?) -> [String] {
        let widths = self.titles.indices.map { column in
            ([self.titles[column]] + self.rows.map { $0[column] }).map(\.count).max() ?? 0
        }
        return ([self.titles] + self.rows).map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let gap = String(repeating: " ", count: widths[column] - cell.count)
                line += self.sides[column] == .right ? gap + cell + "  " : cell + gap + "  "
            }
            while line.last == " " { line.removeLast() }
            guard let columns, line.count > columns else { return line }
            return line.prefix(max(columns - 1, 1)) + "…"
        }
    }
}

/// Text from a database, fit for a terminal: what would move the cursor or change a colour is spelt out.
struct PlainText {
    let text: String

    init(_ text: String) {
        guard text.unicodeScalars.contains(where: Self.isControl) else {
            self.text = text
            return
        }
        self.text = text.unicodeScalars.reduce(into: "") { plain, scalar in
            switch scalar {
            case "\n": plain += "\\n"
            case "\t": plain += "\\t"
            case _ where Self.isControl(scalar): plain += "\\u{\(String(scalar.value, radix: 16))}"
            default: plain.unicodeScalars.append(scalar)
            }
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
