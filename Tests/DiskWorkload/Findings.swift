package import PenstockSQLiteTesting
import Synchronization

/// What was found in the states of a disk, and in how many of them one has looked.
package final class Findings: Sendable {
    private let state = Mutex<(looked: Int, problems: [String])>((0, []))

    /// Begins with nothing.
    package init() {}

    /// How many states were looked at.
    package var looked: Int { self.state.withLock { $0.looked } }
    /// What is wrong with them.
    package var problems: [String] { self.state.withLock { $0.problems } }

    /// Looks at what a disk may hold while a program is under way.
    package func look(at image: CrashDisk, of program: DiskProgram, _ place: String) {
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
