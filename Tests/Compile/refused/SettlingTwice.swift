// expect: 'lease' consumed more than once
import Penstock

func work(_ queue: Queue<Int>) async throws {
    let lease = try await queue.reserve()
    try await lease.complete()
    try await lease.release()
}
