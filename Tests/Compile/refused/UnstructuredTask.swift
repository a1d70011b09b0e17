// expect: sending 'context' risks causing data races|passing closure as a 'sending' parameter risks
import Penstock

let double = Activity("double") { (x: Int) in 2 * x }

let racy = Workflow("racy") { (x: Int, context) in
    let other = Task { try await context.call(double, x) }
    return try await context.call(double, x) + other.value
}
