// A package with default settings writes its workflows as closures.
import Penstock

let double = Activity("double") { (x: Int) in 2 * x }

let quad = Workflow("quad") { (x: Int, context) in
    let x2 = try await context.call(double, x)
    return try await context.call(double, x2)
}

let sum = Workflow("sum") { (x: Int, context) in
    let first = try context.start(double, x)
    let second = try context.start(quad, x)
    let (a, b) = try await context.all(first, second)
    var total = a + b
    for _ in 0..<3 { total += try await context.call(double, total) }
    return total
}
