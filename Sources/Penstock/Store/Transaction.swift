/// A set of changes to one store that happen all or none.
///
/// A transaction is a value: build it, hand it to its store, and until then nothing has happened.
///
/// ```swift
/// var transaction = Transaction()
/// try transaction.push(4, key: "a", to: numbers)
/// try transaction.complete(lease)
/// try await store.commit(transaction)
/// ```
public struct Transaction: Sendable {
    /// The changes, in the order in which they are made.
    public private(set) var operations: [Operation] = []

    /// The store whose queues take part; `nil` until one does.
    package private(set) var store: (any Store)?

    /// Makes an empty transaction.
    public init() {}

    /// Makes a transaction of operations that are built already.
    public init(_ operations: [Operation]) {
        self.operations = operations
    }

    /// Adds a change.
    public mutating func add(_ operation: Operation) {
        self.operations.append(operation)
    }

    /// Adds a change to a queue of `store`.
    /// - Throws: ``PenstockError/Code/wrongStore`` when an earlier change was to another store.
    package mutating func add(_ operation: Operation, in store: any Store, queue: String) throws(PenstockError) {
        if let other = self.store, other !== store {
            throw PenstockError(
                .wrongStore,
                "queue '\(queue)' is in another store than the queues before it: a transaction spans one store only"
            )
        }
        self.store = store
        self.operations.append(operation)
    }

    /// Whether nothing was added.
    public var isEmpty: Bool { self.operations.isEmpty }
}

extension Transaction {
    /// Why a store does not even look at it; `nil` when it does.
    package func objection(in store: any Store) -> PenstockError? {
        if let other = self.store, other !== store {
            return PenstockError(
                .wrongStore,
                "the transaction is over queues of another store than the one it came to"
            )
        }
        guard self.operations.count <= Limits.operations else {
            return PenstockError(
                .tooLarge,
                "a transaction of \(self.operations.count) operations: at most \(Limits.operations) are allowed"
            )
        }
        return nil
    }
}
