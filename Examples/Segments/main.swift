// The program of docs/segments.md.

import PenstockFlow

let pipeline = PipelineManager([
    Segment("start") {
        FlatMap { (count: Int, put: (Int) throws -> Void) in for number in 0..<count { try put(number) } }
        Send<Int>(to: "even", "odd")
    },
    Segment("even") {
        Filter { (number: Int) in number.isMultiple(of: 2) }
        Send<Int>(to: "sum")
    },
    Segment("odd") {
        Filter { (number: Int) in !number.isMultiple(of: 2) }
        Send<Int>(to: "sum")
    },
    Segment("sum") {
        Fold(into: 0) { (sum: inout Int, number: Int) in sum += number }
        ForEach { (sum: Int) in print(sum) }
    },
])
let result = await pipeline.run(10)
print(result.outcome == .completed ? "completed" : "\(result)")
