// expect: sending 'context' risks causing data races
import Penstock

let double = Activity("double") { (x: Int) in 2 * x }

let racy = Workflow("racy") { (x: Int, context) in
    async let a = context.call(double, x)
    async let b = context.call(double, x + 1)
    return try await a + b
}
