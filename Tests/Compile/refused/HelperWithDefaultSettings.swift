// expect: sending 'context' risks causing data races
import Penstock

let double = Activity("double") { (x: Int) in 2 * x }

func helper(_ x: Int, _ context: WorkflowContext) async throws -> Int {
    try await context.call(double, x)
}

let quad = Workflow("quad") { (x: Int, context) in
    try await helper(x, context)
}
