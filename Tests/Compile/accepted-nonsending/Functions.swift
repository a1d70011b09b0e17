// A package that turns NonisolatedNonsendingByDefault on needs no extra word.
import Penstock

let double = Activity("double") { (x: Int) in 2 * x }

func quadruple(x: Int, context: WorkflowContext) async throws -> Int {
    let x2 = try await helper(x, context)
    return try await context.call(double, x2)
}

func helper(_ x: Int, _ context: WorkflowContext) async throws -> Int {
    try await context.call(double, x)
}

struct Shop: Sendable {
    let tax: Int

    func price(x: Int, context: WorkflowContext) async throws -> Int {
        try await context.call(double, x) + self.tax
    }
}

let quad = Workflow("quad", quadruple)
let price = Workflow("price", Shop(tax: 3).price)
