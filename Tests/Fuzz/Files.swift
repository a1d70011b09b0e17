import Glibc
import Penstock

@testable import PenstockCommands
@testable import PenstockSQLite

/// A file without a name, which is the same for all inputs.
private let file = unsafe fileno(tmpfile())

/// Whatever stands in the owner's file, it is read, taken over and given up.
func feedOwners(_ input: FuzzInput) {
    // The pages of the claims are never read by themselves: a hole reads as zeros.
    precondition(ftruncate(file, 0) == 0)
    var bytes = input.bytes
    // A whole header, most of the time.
    if input.choice(4) > 0 { bytes += [UInt8](repeating: 0, count: max(0, 576 - bytes.count)) }
    precondition(unsafe bytes.withUnsafeBytes { unsafe pwrite(file, $0.baseAddress, $0.count, 0) } == bytes.count)
    if let owner = ClaimSlots.description(in: file) { precondition(!owner.description.isEmpty) }
    do throws(PenstockError) {
        let claims = try ClaimSlots(mapping: file, path: "fuzz")
        let left = claims.left
        precondition(left.count <= ClaimSlots.capacity)
        _ = claims.epoch
        claims.describe(now: Timestamp(milliseconds: input.integer()))
        claims.begin(epoch: input.integer())
        precondition(claims.left.isEmpty, "claims are left when they were taken over")
        for lease in left { claims.began(lease) }
        claims.ended(left.map(\.id))
        claims.end()
    } catch {
        preconditionFailure("\(error)")
    }
    precondition(ClaimSlots.description(in: file) != nil, "who owns the file is not what was written")
}

/// Whatever is asked for is understood, or refused with a word.
func feedArguments(_ input: FuzzInput) {
    let words = input.bytes.split(separator: 10, omittingEmptySubsequences: false)
    do throws(UsageError) {
        let line = try CommandParser(root: RootCommand.self).parse(words.map { String(decoding: $0, as: UTF8.self) })
        if case .help(let text) = line { precondition(!text.isEmpty) }
    } catch {
        precondition(!error.message.isEmpty && !error.usage.isEmpty && error.path.first != nil)
    }
}

/// A path is resolved to one that is resolved to itself, or refused with what to do.
func feedPaths(_ input: FuzzInput) {
    let path = String(decoding: input.bytes, as: UTF8.self)
    do throws(PenstockError) {
        let resolved = try DatabasePath.resolve(path)
        precondition(resolved.hasPrefix("/") && !resolved.utf8.contains(0))
        let again = try DatabasePath.resolve(resolved)
        precondition(again == resolved)
    } catch {
        precondition(error.code == .storeUnusable || error.code == .storeUnavailable, "\(error)")
    }
}
