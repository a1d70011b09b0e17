// A library of actions for segments, as a dynamic library: `libNumbers.so`.

import PenstockFlow

/// Which numbers are let through.
struct Divisor: Codable, Sendable {
    let divisor: Int
}

let numbers = ActionLibrary(
    "numbers",
    RegisteredAction("upTo") {
        FlatMap { (count: Int, put: (Int) throws -> Void) in for number in 0..<count { try put(number) } }
    },
    RegisteredAction("multiplesOf") { (arguments: Divisor) in
        Filter { (number: Int) in number.isMultiple(of: arguments.divisor) }
    },
    RegisteredAction("sum") {
        Fold(into: 0) { (sum: inout Int, number: Int) in sum += number }
    },
    RegisteredAction("print") {
        ForEach { (number: Int) in print(number) }
    }
)

/// The entry point.
@_cdecl("penstock_actions")
public func actions() -> UnsafeMutableRawPointer { unsafe numbers.entry }
