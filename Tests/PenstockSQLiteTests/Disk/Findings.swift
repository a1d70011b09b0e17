import PenstockSQLiteTesting
import Synchronization

/// What was found in the states of a disk, and in how many of them one has looked.
final class Findings: Sendable {
    private let state = Mutex<(looked: Int, problems: [String])>((0, []))

    var looked: Int { self.state.withLock { $0.looked } }
    var problems: [String] { self.state.withLock { $0.problems } }

    /// Looks at what a disk may hold while a program is under way.
    func look(at image: CrashDisk, of program: DiskProgram, _ place: String) {
        let found: [String]
        do {
            found = try program.problems(on: image, told: program.told)
        } catch {
            found = ["\(error)"]
        }
        self.state.withLock { state in
            state.looked += 1
            state.problems += found.map { "\(place): \($0)" }
        }
    }
}
