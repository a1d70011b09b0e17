import FoundationEssentials
import Penstock
import PenstockFlow

/// A file with a graph or with segments in it.
enum DocumentFile {
    /// Reads all of it.
    /// - Throws: ``CommandFailure`` when it is not there, or cannot be read.
    static func read(_ file: String, of what: String) throws(CommandFailure) -> Payload {
        let path = PlainText(file).text
        guard FileManager.default.fileExists(atPath: file) else {
            throw CommandFailure(.conflict, "there is no file '\(path)'; name one with \(what) in JSON")
        }
        guard let data = try? Data(contentsOf: URL(filePath: file)) else {
            throw CommandFailure(.inputOutput, "the file '\(path)' cannot be read: is it a file, and may you?")
        }
        return Payload(bytes: Array(data))
    }

    /// Says everything that is wrong with what is in it.
    static func unsound(_ file: String, _ errors: FlowErrors) -> CommandFailure {
        let problems = errors.errors.map { "\n  \(PlainText($0.message).text)" }.joined()
        return CommandFailure(.data, "'\(PlainText(file).text)' is not sound:\(problems)")
    }
}
