// swift-format-ignore-file
// This is the README's program, to the letter.
import Penstock
import PenstockSQLite

let double = Activity("double") { (x: Int) in 2 * x }

let quad = Workflow("quad") { (x: Int, context) in
    let x2 = try await context.call(double, x)
    return try await context.call(double, x2)
}

let review = ExternalTask<String, Bool>("review")

let engine = try await Engine(store: .sqlite(path: "app.db"), pipelines: [double, quad, review])
try await engine.run {                      // structured: workers live inside this scope, and drain when it ends
    let run = try await engine.start(quad, 10, key: "first")
    print(try await run.value)              // 40
}
