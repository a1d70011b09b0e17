import PenstockFlow
import Testing

@Suite("Several links in one place", .timeLimit(.minutes(60)))
struct LinkMergeTests {
    @Test func `everything of all links comes once, and that of each link in order`() async throws {
        let bell = Bell()
        let links = [1, 3, 64, 1024].map { Link<Int>(capacity: $0, consumer: bell) }
        let count = 20_000
        try await withThrowingTaskGroup { group in
            for (place, link) in links.enumerated() {
                group.addTask { try await Self.count(count, of: links.count, from: place, into: link) }
            }
            group.addTask { try await Self.check(links, at: bell, count) }
            try await group.waitForAll()
        }
    }

    private static func count(_ count: Int, of step: Int, from place: Int, into link: Link<Int>) async throws {
        var writer = link.writer()
        for number in 0..<count { try await writer.send(number * step + place) }
        writer.finish()
    }

    private static func check(_ links: [Link<Int>], at bell: Bell, _ count: Int) async throws {
        var merge = LinkMerge(links, at: bell)
        var next = links.indices.map { $0 }
        while let number = try await merge.next() {
            let place = number % links.count
            #expect(number == next[place])
            next[place] = number + links.count
        }
        #expect(next == links.indices.map { $0 + count * links.count })
    }

    @Test func `a link that is never empty does not keep the others waiting`() throws {
        let bell = Bell()
        let links = (0..<3).map { _ in Link<Int>(capacity: 2048, consumer: bell) }
        for (place, link) in links.enumerated() {
            var writer = link.writer()
            for _ in 0..<(place == 0 ? 2048 : 1) { try writer.write(place) }
            writer.finish()
        }
        var merge = LinkMerge(links, at: bell)
        var found: [Int] = []
        while let place = try merge.read() { found.append(place) }
        #expect(found.count == 2050)
        let last = try #require(found.lastIndex { $0 != 0 })
        #expect(last < 1024)
        let after = try merge.read()
        #expect(after == nil)
    }

    @Test func `a producer that goes without a word breaks it, after what came before`() throws {
        let bell = Bell()
        let links = (0..<2).map { _ in Link<Int>(capacity: 4, consumer: bell) }
        do {
            var writer = links[0].writer()
            try writer.write(7)
            links[1].writer().finish()
        }
        var merge = LinkMerge(links, at: bell)
        let first = try merge.read()
        #expect(first == 7)
        do {
            _ = try merge.read()
            Issue.record("the stream was cut off, and nobody was told")
        } catch {
            #expect(error == .broken)
        }
    }
}
