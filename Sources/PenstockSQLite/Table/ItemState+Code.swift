import Penstock

extension ItemState {
    /// The state as the rows have it.
    var code: Int64 {
        switch self {
        case .ready: 0
        case .parked: 1
        case .diverged: 2
        case .completed: 3
        case .failed: 4
        case .cancelled: 5
        }
    }

    /// Reads a state back; `nil` for a number that is none.
    init?(code: Int64) {
        switch code {
        case 0: self = .ready
        case 1: self = .parked
        case 2: self = .diverged
        case 3: self = .completed
        case 4: self = .failed
        case 5: self = .cancelled
        default: return nil
        }
    }
}

extension ItemQuery {
    /// The states as bits, where none named means all.
    var mask: Int64 {
        guard !self.states.isEmpty else { return 0x3f }
        return self.states.reduce(0) { $0 | (1 << $1.code) }
    }
}
