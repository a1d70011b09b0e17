import Penstock

extension Operation {
    /// The operation in a few words.
    var summary: String {
        switch self {
        case .push(let item): "push to \(item.queue)"
        case .call(let step): "call \(step.queue) as \(step.id.key)"
        case .settle(let lease, .complete(_, let heardBy)): "complete \(lease.id.key)\(heardBy == nil ? "" : ", heard")"
        case .settle(let lease, .park(let news)): "park \(lease.id.key) at \(news)"
        case .settle(let lease, .rest): "rest \(lease.id.key)"
        case .settle(let lease, .consume): "consume \(lease.id.key)"
        case .settle(let lease, .fail): "fail \(lease.id.key)"
        case .settle(let lease, .retry): "retry \(lease.id.key)"
        case .settle(let lease, .release): "release \(lease.id.key)"
        case .settle(let lease, .diverge): "diverge \(lease.id.key)"
        case .resolve, .append, .pop, .clear, .abandon, .control, .work: "\(self)"
        }
    }
}

extension Settlement {
    /// Whether the lease goes on.
    var keepsLease: Bool {
        switch self {
        case .park, .rest: true
        case .complete, .consume, .fail, .retry, .release, .diverge: false
        }
    }
}
