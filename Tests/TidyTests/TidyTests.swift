import Foundation
import Testing

/// The house rules that neither the compiler nor the formatter holds.
///
/// Each pattern is spelt so that it does not match its own source, since this file is held to the rules as well.
@Suite("The tree is tidy")
struct TidyTests {
    @Test("A file in Sources has at most 400 lines")
    func filesAreShort() throws {
        for file in try SourceFile.all(under: "Sources/") where file.lines.count > 400 {
            file.report(line: 401, "the file has \(file.lines.count) lines; split it by concept")
        }
    }

    @Test("A function has at most 70 lines, tests aside")
    func functionsAreShort() throws {
        for file in try SourceFile.all(under: "Sources/", "Examples/") {
            for function in file.functions where function.count > 70 {
                file.report(line: function.lowerBound, "the function has \(function.count) lines")
            }
        }
    }

    @Test("A line has at most 120 characters")
    func linesAreShort() throws {
        for file in try SourceFile.all(under: "") {
            for line in file.lines where line.text.utf8.count > 120 && line.text.count > 120 {
                file.report(line: line.number, "the line has \(line.text.count) characters")
            }
        }
    }

    @Test("Nothing is left as a note to do later")
    func workIsFinished() throws {
        try forbid(/\b(?:TO(?:DO)|FIX(?:ME)|X{3})\b/, in: \.text, "finish it, or write it down where it is tracked")
    }

    @Test("No error is forced away")
    func triesAreHandled() throws {
        try forbid(/\btry[!]/, "handle the error, or throw it")
    }

    @Test("No cast is forced")
    func castsAreConditional() throws {
        try forbid(/\bas[!]/, "cast with a question mark, and handle the miss")
    }

    @Test("Nothing ends the process with a fatal error")
    func failuresAreErrors() throws {
        try forbid(/\bfatalError\(/, "throw, or state a precondition")
    }

    @Test("What the compiler cannot check for data races says why it is safe")
    func uncheckedSafetyIsExplained() throws {
        let unchecked = /@unchecked\s+Sendable|\bnonisolated\(unsafe\)/
        try forbid(unchecked, "say why it is safe in a comment, on the line or above it", unless: \.isExplained)
    }

    @Test("No test sleeps")
    func testsDoNotSleep() throws {
        // An injected clock may be asked to sleep: in a test it is virtual.
        let sleep = /\b(?:Task|Thread)\.sleep\b|(?:^|[^.\w])u?sleep\(/
        try forbid(sleep, under: "Tests/", "wait for a signal, or move the injected clock")
    }

    @Test("The core imports nothing but FoundationEssentials and Synchronization")
    func coreImportsAreFew() throws {
        let other = /^(?:@\S+ |\w+ )*import (?!(?:[a-z]+ )?(?:FoundationEssentials|Synchronization)\b)/
        // Apple's systems have one Foundation, whole, so there it stands in for its part.
        try forbid(other, under: "Sources/Penstock/", "the core may not import this") { line in
            line.previous == "#else" && line.text == "import Foundation"
        }
    }

    @Test("The core takes time, chance and threads from its environment")
    func coreIsDeterministic() throws {
        let source = /\b(?:Date|UUID)\(\)|\.random\(|\bTask\.(?:detached|sleep)\b|\bDispatchQueue\b/
        try forbid(source, under: "Sources/Penstock/", "only the live environment in Support may", unless: \.isLive)
    }

    /// Records an issue for every line that matches, in the files under a folder.
    private func forbid(
        _ pattern: Regex<Substring>,
        in part: (SourceLine) -> Substring = \.code,
        under folder: String = "",
        _ complaint: String,
        unless isExempt: (SourceLine) -> Bool = { _ in false }
    ) throws {
        // By default a word goes on over a full stop, and the boundaries inside `Task.value` would not be seen.
        let pattern = pattern.wordBoundaryKind(.simple)
        for file in try SourceFile.all(under: folder) {
            for line in file.lines where part(line).contains(pattern) && !isExempt(line) {
                file.report(line: line.number, complaint)
            }
        }
    }
}

/// A line of a source file, with what a rule may want to know about it.
private struct SourceLine {
    let path: String
    let number: Int
    let text: Substring
    let previous: Substring

    /// The line up to its comment, which starts the line or follows a space: a URL in a string is no comment.
    let code: Substring

    init(path: String, number: Int, text: Substring, previous: Substring) {
        self.path = path
        self.number = number
        self.text = text
        self.previous = previous
        let comment = isComment(text) ? text.startIndex : text.firstRange(of: " //")?.lowerBound
        self.code = text[..<(comment ?? text.endIndex)]
    }

    var isExplained: Bool { self.code.endIndex < self.text.endIndex || isComment(self.previous) }

    /// Whether the file is one that may ask the system for the time and for chance.
    var isLive: Bool { self.path.contains(/^Sources\/Penstock\/Support\/[^\/]*Live[^\/]*$/) }

    var isBlank: Bool { self.text.allSatisfy(\.isWhitespace) }

    var indentation: Int { self.text.prefix { $0 == " " }.count }
}

private func isComment(_ text: Substring) -> Bool { text.drop(while: \.isWhitespace).hasPrefix("//") }

/// A Swift file of the repository, read once for all the tests.
private struct SourceFile {
    let path: String
    let lines: [SourceLine]

    private static let tree = Result { try Self.read() }

    /// The files whose path starts with one of the folders.
    static func all(under folders: String...) throws -> [SourceFile] {
        let files = try self.tree.get()
        // A scan that looks in the wrong place finds nothing wrong.
        try #require(files.count >= 20, "only \(files.count) Swift files were found")
        return files.filter { file in folders.contains(where: file.path.hasPrefix) }
    }

    private static func read() throws -> [SourceFile] {
        let root = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try ["Sources", "Tests", "Examples"].flatMap { folder in
            try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path())
                .filter { $0.hasSuffix(".swift") && !$0.hasPrefix(".") && !$0.contains("/.") }
                .sorted()
                .map { name in
                    let path = "\(folder)/\(name)"
                    return try SourceFile(path, String(contentsOf: root.appending(path: path), encoding: .utf8))
                }
        }
    }

    init(_ path: String, _ content: String) {
        var texts = content.split(separator: "\n", omittingEmptySubsequences: false)
        if texts.last == "" { texts.removeLast() }
        self.path = path
        self.lines = zip(texts, [""] + texts).enumerated().map { index, pair in
            SourceLine(path: path, number: index + 1, text: pair.0, previous: pair.1)
        }
    }

    /// The line numbers of each function that spans several lines, from its first to its closing brace.
    ///
    /// The formatter puts that brace at the indentation of the declaration, so no braces need counting, and those
    /// in a string do no harm. Between the two stand only deeper lines, and the end of a signature that was broken.
    var functions: [ClosedRange<Int>] {
        let declaration = /^\s*(?:[@\w(),.: ]+ )?(?:func\b|init[?!]?[(<]|deinit\b|subscript[(<])/
        return self.lines.filter { $0.code.contains(declaration) }.compactMap { first in
            let end = self.lines.dropFirst(first.number).first { line in
                let rest = line.text.drop { $0 == " " }
                let continues = rest.hasPrefix(")") || rest.hasPrefix("{") || rest.hasPrefix("where ")
                return !line.isBlank && line.indentation <= first.indentation && !continues
            }
            guard let end, end.indentation == first.indentation, end.text.contains(/^ *}/) else { return nil }
            return first.number...end.number
        }
    }

    func report(line: Int, _ complaint: String) {
        Issue.record("\(self.path):\(line): \(complaint)")
    }
}
