import Penstock
import Testing

@testable import PenstockTesting

@Suite("The check of a history")
struct HistoryCheckTests {
    private typealias Builder = HistoryBuilder

    /// What is found in a history that is made by hand.
    private static func findings(_ make: (inout HistoryBuilder) -> Void) -> [HistoryFinding] {
        var builder = HistoryBuilder()
        make(&builder)
        return HistoryCheck(builder.history).run().findings
    }

    private static func promises(_ make: (inout HistoryBuilder) -> Void) -> Set<HistoryFinding.Promise> {
        Set(self.findings(make).map(\.promise))
    }

    @Test func `finds nothing in a life that a store may lead`() {
        let findings = Self.findings { history in
            history.push("a", "1", made: "~1")
            history.lease(Builder.row("~1", "1", attempt: 1), 7)
            history.settle("~1", 7, .retry(failure: "no"))
            history.lease(Builder.row("~1", "1", attempt: 2, token: 7, result: "no"), 8)
            history.add(Builder.settles("~1", 7, .consume), .refused(code: "leaseLost"))
            history.settle("~1", 8, .complete(result: "2"))
            history.settle("~1", 8, .complete(result: "2"))
            history.list(Builder.row("~1", "1", .completed, attempt: 2, token: 8, result: "2"))
        }
        #expect(findings.isEmpty, "\(findings)")
    }

    @Test func `tells the shortest beginning that has no order, and what may have been before it`() throws {
        let findings = Self.findings { history in
            history.push("a", "1", made: "~1")
            history.read(Builder.row("~1", "1"))
            history.lease(Builder.row("~1", "1", attempt: 1), 7)
            history.read(Builder.row("~1", "1"))
            history.add(Builder.settles("~1", 6, .consume), Builder.made("~1"))
            history.read(nil)
        }
        let finding = try #require(findings.first)
        #expect(finding.promise == .linearizable)
        #expect(finding.item == "key 'a' of queue 'q'")
        #expect(finding.call == 5)
        let account = """
            no order explains what was answered
                at first the item was ready as ~1, value 1, attempts 0, row token 0, leased under token 7
                > call 5 [9, 10] client 1 of process 0: consume under token 6: done
                before the answer to call 5 the item may have been
                - ready as ~1, value 1, attempts 0, row token 0, leased under token 7
            """
        #expect(finding.account == account)
    }

    @Test func `lets an outcome that nobody knows be at any time after its call, or never`() {
        for seen in [nil, 1, 2] {
            let findings = Self.findings { history in
                history.add(Builder.pushes("a", "1"), .unknown(why: "storeUnavailable"))
                if seen == 1 { history.read(Builder.row("~1", "1")) }
                history.read(seen == 1 ? Builder.row("~1", "1") : nil)
                if seen == 2 { history.read(Builder.row("~1", "1")) }
            }
            #expect(findings.isEmpty, "\(findings)")
        }
        let twice = Self.promises { history in
            history.add(Builder.pushes("a", "1"), .unknown(why: "storeUnavailable"))
            history.lease(Builder.row("~1", "1", attempt: 1), 7)
            history.settle("~1", 7, .consume)
            history.read(Builder.row("~2", "1"))
        }
        #expect(twice == [.linearizable, .noInvention])
    }

    @Test func `lets a lease end by itself that has an end, and no other`() {
        for lasts in [true, false] {
            let promises = Self.promises { history in
                history.push("a", "1", made: "~1")
                history.lease(Builder.row("~1", "1", attempt: 1), 7, lasts: lasts)
                history.lease(Builder.row("~1", "1", attempt: 2, token: 7, result: "timed out"), 8)
            }
            #expect(promises == (lasts ? [.linearizable] : []))
        }
    }

    @Test func `lets a lease end with its process, and not before`() {
        for isEarly in [true, false] {
            let promises = Self.promises { history in
                history.push("a", "1", made: "~1")
                history.lease(Builder.row("~1", "1", attempt: 1), 7, process: 1)
                if !isEarly { history.died(process: 1) }
                history.lease(Builder.row("~1", "1", attempt: 2), 8, process: 2)
                if isEarly { history.died(process: 1) }
            }
            #expect(promises == (isEarly ? [.linearizable] : []))
        }
    }

    @Test func `lets whoever died over a call have taken what it asked for`() {
        for isDead in [true, false] {
            let promises = Self.promises { history in
                history.push("a", "1", made: "~1")
                let call = HistoryCall.reserve(queue: "q", key: nil, limit: 1, lasts: true)
                let open = history.began(call, process: 1)
                if !isDead { history.ended(open, .leased(items: [])) }
                history.add(.commit(changes: [.pop(item: .key(queue: "q", key: "a"))]), .refused(code: "conflict"))
                if isDead { history.died(process: 1) }
                history.lease(Builder.row("~1", "1", attempt: 2), 8, process: 2)
            }
            #expect(promises == (isDead ? [] : [.linearizable]))
        }
    }

    @Test func `wants the whole of a transaction of which a part was seen`() {
        for isHalf in [true, false] {
            let promises = Self.promises { history in
                history.push("a", "1", made: "~1")
                history.lease(Builder.row("~1", "1", attempt: 1), 7)
                let changes: [HistoryChange] = [
                    .settle(lease: HistoryLease(id: "~1", token: 7), as: .consume),
                    .push(queue: "q", key: "b", value: "2", policy: .ignore, replyTo: nil),
                ]
                history.add(.commit(changes: changes), .unknown(why: "storeUnavailable"))
                history.read(Builder.row("~2", "2", key: "b"), key: "b")
                history.read(isHalf ? Builder.row("~1", "1") : nil)
                if isHalf { history.settle("~1", 7, .complete(result: "3")) }
            }
            #expect(promises == (isHalf ? [.linearizable] : []))
        }
    }

    /// Histories that break one promise each, as far as sets of addresses and tokens tell.
    private static let unsound: [(HistoryFinding.Promise, @Sendable (inout HistoryBuilder) -> Void)] = [
        (
            .noLoss,
            { history in
                history.push("a", "1", made: "~1")
                history.list()
            }
        ),
        (.noInvention, { $0.list(Builder.row("~1", "1")) }),
        (
            .oneItem,
            { history in
                history.push("a", "1", made: "~1")
                history.push("b", "2", made: "~1")
            }
        ),
        (
            .oneItem,
            { history in
                history.push("a", "1", made: "~1")
                history.push("a", "2", made: "~2")
                history.list(Builder.row("~1", "1"), Builder.row("~2", "2"))
            }
        ),
        (
            .oneResult,
            { history in
                history.push("a", "1", made: "~1")
                history.lease(Builder.row("~1", "1", attempt: 1), 7)
                history.settle("~1", 7, .complete(result: "2"))
                history.list(Builder.row("~1", "1", .completed, attempt: 1, token: 7, result: "3"))
            }
        ),
        (
            .oneResult,
            { history in
                history.push("a", "1", made: "~1")
                history.list(Builder.row("~1", "1", .completed, attempt: 0, token: 7, result: "3"))
            }
        ),
        (
            .oneResult,
            { history in
                history.push("a", "1", made: "~1")
                history.lease(Builder.row("~1", "1", attempt: 1), 7)
                history.settle("~1", 7, .complete(result: "2"))
                history.lease(Builder.row("~1", "1", attempt: 2), 8)
                history.settle("~1", 8, .complete(result: "3"))
            }
        ),
        (
            .fencing,
            { history in
                history.push("a", "1", made: "~1")
                history.push("b", "1", made: "~2")
                history.lease(Builder.row("~1", "1", attempt: 1), 7)
                history.lease(Builder.row("~2", "1", key: "b", attempt: 1), 7)
            }
        ),
        (
            .fencing,
            { history in
                history.push("a", "1", made: "~1")
                history.lease(Builder.row("~1", "1", attempt: 1), 7)
                history.settle("~1", 7, .release)
                history.lease(Builder.row("~1", "1", attempt: 1, token: 7), 6)
            }
        ),
        (
            .fencing,
            { history in
                history.push("a", "1", made: "~1")
                history.lease(Builder.row("~1", "1", attempt: 1), 7, lasts: false)
                history.lease(Builder.row("~1", "1", attempt: 2), 8)
                let lease = HistoryLease(id: "~1", token: 7)
                history.add(.extend(leases: [lease], lasts: true), .extended)
            }
        ),
        (
            .fencing,
            { history in
                history.push("a", "1", made: "~1")
                history.lease(Builder.row("~1", "1", attempt: 1), 7)
                history.settle("~1", 7, .release)
                history.settle("~1", 7, .consume)
            }
        ),
        (
            .attempts,
            { history in
                history.push("a", "1", made: "~1")
                history.list(Builder.row("~1", "1", attempt: 1))
            }
        ),
    ]

    @Test(arguments: unsound.indices)
    func `finds what sets of addresses and tokens show to be broken`(_ number: Int) {
        let (promise, make) = Self.unsound[number]
        let findings = Self.findings(make)
        #expect(findings.contains { $0.promise == promise }, "\(findings)")
    }

    @Test func `leaves undecided what would take too long, and says of which item`() {
        var builder = HistoryBuilder()
        for number in 0..<14 {
            builder.add(Builder.pushes("a", "\(number)", .replace), .unknown(why: "storeUnavailable"))
        }
        builder.read(Builder.row("~1", "other"))
        let report = HistoryCheck(builder.history, budget: 1000).run()
        #expect(report.undecided == ["key 'a' of queue 'q'"])
        #expect(!report.isSound)
        #expect(report.findings.map(\.promise) == [.noInvention])
    }
}
