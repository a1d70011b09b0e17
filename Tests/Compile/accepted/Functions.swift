// A package with default settings writes functions and methods that take the context with one word more.
import Penstock

let double = Activity("double") { (x: Int) in 2 * x }

nonisolated(nonsending) func quadruple(x: Int, context: WorkflowContext) async throws -> Int {
    let x2 = try await context.call(double, x)
    return try await context.call(double, x2)
}

struct Shop: Sendable {
    let tax: Int

    nonisolated(nonsending) func price(x: Int, context: WorkflowContext) async throws -> Int {
        try await helper(x, context) + self.tax
    }

    nonisolated(nonsending) func helper(_ x: Int, _ context: WorkflowContext) async throws -> Int {
        try await context.call(double, x)
    }

    func charge(_ cents: Int) async throws -> String { "receipt-\(cents + self.tax)" }
}

let quad = Workflow("quad", quadruple)
let price = Workflow("price", Shop(tax: 3).price)
let charge = Activity("charge", Shop(tax: 3).charge)
