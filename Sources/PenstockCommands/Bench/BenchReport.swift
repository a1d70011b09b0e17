/// What is said of one measurement.
protocol BenchLine {
    /// The cells of the table for people.
    var cells: [String] { get }
    /// What stands below them; empty when there is nothing more to say.
    var remark: String { get }
    /// The line for programs.
    var json: JSONObject { get }
}

/// Writes results as they come in: a table for people, or an object a line for programs.
struct BenchReport {
    /// A column of the table.
    struct Column {
        let title: String
        let width: Int
        let isNumber: Bool

        init(_ title: String, width: Int, isNumber: Bool = false) {
            (self.title, self.width, self.isNumber) = (title, width, isNumber)
        }
    }

    private let columns: [Column]
    private let isJSON: Bool
    private let output: Output

    init(_ columns: [Column], isJSON: Bool, output: Output) {
        (self.columns, self.isJSON, self.output) = (columns, isJSON, output)
    }

    /// Says on what is measured.
    func begin(_ circumstances: [String]) {
        guard !self.isJSON else { return }
        for line in circumstances { self.output.line(line) }
        self.output.line()
        self.write(self.columns.map(\.title))
        self.output.flush()
    }

    func working(on workload: String) {
        self.output.progress("measuring \(workload) …")
    }

    /// Says what is to be read beside the figures.
    func end(_ remark: String?) {
        self.output.endProgress()
        guard !self.isJSON, let remark else { return }
        self.output.line()
        self.output.line(remark)
    }

    func add(_ line: some BenchLine) {
        if self.isJSON {
            self.output.line(line.json.text)
        } else {
            self.write(line.cells)
            if !line.remark.isEmpty { self.output.line("            " + line.remark) }
        }
        self.output.flush()
    }

    private func write(_ cells: [String]) {
        var line = ""
        for (column, cell) in zip(self.columns, cells) {
            let gap = String(repeating: " ", count: max(column.width - cell.count, 0))
            line += (column.isNumber ? gap + cell : cell + gap) + " "
        }
        while line.last == " " { line.removeLast() }
        self.output.line(line)
    }
}
