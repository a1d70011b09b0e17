/// Works on the items of one queue, inside an engine.
package protocol Worker: Sendable {
    /// The queue.
    var queue: String { get }
    /// How many items it works on at once.
    var concurrency: Int { get }
    /// Whether an item that was begun ends without waiting for other items.
    var endsByItself: Bool { get }
    /// Works on one item until it is settled, or until the run is out of memory; gives the slot back when another item
    /// may begin.
    func work(on leased: LeasedItem, slot: Slot, in core: EngineCore) async
}

/// A pipeline for which engines know a faster road than its `run(from:to:)`; the results do not differ.
package protocol NativePipeline<Input, Output>: Pipeline {
    /// The worker that takes items from `input` and sends results to `output`.
    func worker(from input: ReadQueue<Input>, to output: WriteQueue<Output>) -> any Worker
}
