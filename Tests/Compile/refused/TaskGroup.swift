// expect: sending 'context' risks causing data races|passing closure as a 'sending' parameter risks
import Penstock

let double = Activity("double") { (x: Int) in 2 * x }

let racy = Workflow("racy") { (x: Int, context) in
    try await withThrowingTaskGroup(of: Int.self) { group in
        group.addTask { try await context.call(double, x) }
        group.addTask { try await context.call(double, x + 1) }
        return try await group.reduce(0, +)
    }
}
