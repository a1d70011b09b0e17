import Testing

@testable import PenstockSQLite

/// A number that was given out is never given out again, whatever becomes of the transaction that reserved its block.
@Suite("Numbers of items")
struct NumberBlockTests {
    private static func block() -> NumberBlock {
        var numbers = NumberBlock()
        numbers.open(at: 7)
        return numbers
    }

    @Test func `a block that was reserved since the mark is reserved again when the mark is gone back to`() {
        var numbers = Self.block()
        numbers.savepoint()
        numbers.reserved(to: numbers.nextEnd)
        #expect(numbers.take() == 7)
        numbers.rolledBackToSavepoint()
        #expect(numbers.isEmpty, "the database knows nothing of the block")
        numbers.reserved(to: numbers.nextEnd)
        #expect(numbers.take() == 8)
    }

    @Test func `a block that was reserved before the mark outlives it, and not the group`() {
        var numbers = Self.block()
        numbers.reserved(to: numbers.nextEnd)
        numbers.savepoint()
        #expect(numbers.take() == 7)
        numbers.rolledBackToSavepoint()
        #expect(!numbers.isEmpty)
        #expect(numbers.take() == 8)
        numbers.groupEnded(undone: true)
        #expect(numbers.isEmpty)
        numbers.reserved(to: numbers.nextEnd)
        #expect(numbers.take() == 9)
    }

    @Test func `a block of a group that was committed stays`() {
        var numbers = Self.block()
        numbers.reserved(to: numbers.nextEnd)
        numbers.groupEnded(undone: false)
        numbers.groupEnded(undone: true)
        #expect(!numbers.isEmpty)
        #expect(numbers.take() == 7)
    }
}
