// The program of docs/graphs.md.

import Foundation
import PenstockFlow

/// What `wc` says of a text, and how often each word is in it.
struct Report: Codable, Sendable {
    var lines = 0
    var words = 0
    var bytes = 0
    var frequencies: [String: Int] = [:]
}

let count = try Graph("count") { (graph, files: Wire<String>) in
    let lines = graph.add(
        Processor("lines") { (path: String, put) in
            let text = try Data(contentsOf: URL(filePath: path))
            for line in text.split(separator: 10, omittingEmptySubsequences: false).dropLast() {
                try await put(Array(line) + [10])
            }
            // What comes after the last line feed is text as well.
            let rest = text.suffix(from: text.lastIndex(of: 10).map { $0 + 1 } ?? text.startIndex)
            if !rest.isEmpty { try await put(Array(rest)) }
        },
        files
    )
    let measures = graph.add(
        Processor("measure", workers: 2) { (line: [UInt8]) in
            let words = line.split { $0 == 32 || (9...13).contains($0) }
            return Report(lines: line.last == 10 ? 1 : 0, words: words.count, bytes: line.count)
        },
        lines
    )
    let words = graph.add(
        Processor("words", workers: 2, isOrdered: false) { (line: [UInt8]) in
            let letters = line.map { (65...90).contains($0) ? $0 + 32 : $0 }
            return letters.split { !(97...122).contains($0) }.map { String(decoding: $0, as: UTF8.self) }
        },
        lines
    )
    let both = graph.join("line by line", measures, words)
    return graph.add(
        Gather("report", into: Report()) { (report: inout Report, line: Joined<Report, [String]>) in
            report.lines += line.first.lines
            report.words += line.first.words
            report.bytes += line.first.bytes
            for word in line.second { report.frequencies[word, default: 0] += 1 }
        },
        both
    )
}

for try await report in count.run(Array(CommandLine.arguments.dropFirst())) {
    print("lines \(report.lines), words \(report.words), bytes \(report.bytes)")
    let often = report.frequencies.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    for (word, times) in often.prefix(20) { print(times, word) }
}
