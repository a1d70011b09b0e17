/// One unit of work in a queue, as its readers see it.
public struct Item<Value: Sendable>: Sendable {
    /// Where the item lives.
    public let id: ItemID
    /// The key.
    public let key: String
    /// The value.
    public let value: Value
    /// The attempt that this is, from 1, while it is leased; how many have begun, while it is not.
    public let attempt: Int
    /// Higher goes first.
    public let priority: Int
    /// When it may be worked on.
    public let due: Timestamp
    /// When it was pushed.
    public let created: Timestamp
    /// The run that called it and waits for its result; `nil` for an item that was pushed.
    public let caller: ItemID?
    /// The queue to which its result goes, if it was pushed with a return address.
    public let replyTo: String?

    init(_ record: ItemRecord, key: String, value: Value) {
        self.id = record.id
        self.key = key
        self.value = value
        self.attempt = record.attempt
        self.priority = record.priority
        self.due = record.due
        self.created = record.created
        self.caller = record.caller
        self.replyTo = record.replyTo
    }
}
