import Penstock

extension StoreConformance {
    /// What is refused at the edge.
    static let limits: [ConformanceCase] = [
        ConformanceCase("names that are not allowed are refused") { bench in
            let wrong = ["", " ", "a b", "a/b", "ü", "a\u{0}", "a\n", "*", String(repeating: "a", count: 129)]
            for name in wrong {
                try await bench.refuses(.invalidName, .push(bench.item("a", queue: name)))
                try await bench.refuses(.invalidName, .push(bench.item("a") { $0.replyTo = name }))
            }
        },
        ConformanceCase("names that are allowed are taken, and differ by case") { bench in
            for name in ["a", "A", "0", "a.b_c:d-e", String(repeating: "a", count: 128)] {
                try await bench.push("a", to: name)
                try expect(try await bench.lease(name, limit: 5).count, is: 1, "how many '\(name)' has")
            }
        },
        ConformanceCase("keys that are not allowed are refused") { bench in
            for key in [
                "", "~", "~1", "a\u{0}b", String(repeating: "a", count: 513), String(repeating: "ü", count: 257),
            ] {
                try await bench.refuses(.invalidKey, .push(bench.item(key)))
            }
        },
        ConformanceCase("keys of any other text are taken, and each is its own") { bench in
            let keys = [
                " ", "?", "#", "%2F", "..", "a/b", "'; drop table items; --", "a", "A", "ü", "u\u{308}", "\u{202e}",
                "\n", "null", "🚿", String(repeating: "a", count: 512),
            ]
            for key in keys { try await bench.push(key, "\"x\"") }
            let rows = try await bench.content().values.sorted { $0.number < $1.number }
            try expect(rows.map { Array($0.key.utf8) }, is: keys.map { Array($0.utf8) }, "the keys, byte for byte")
            for key in keys { try await bench.commit(.pop(.key(queue: "q", key))) }
        },
        ConformanceCase("payloads and results over the limit are refused", isLarge: true) { bench in
            let large = Payload(bytes: Array(repeating: UInt8(ascii: "1"), count: Limits.payload + 1))
            try await bench.refuses(.tooLarge, .push(bench.item("a") { $0.payload = large }))
            let id = try await bench.push("a")
            let leased = try await bench.leaseOne()
            try await bench.refuses(.tooLarge, .settle(leased.lease, .complete(large)))
            try await bench.settle(leased, .release)
            try await bench.refuses(.tooLarge, .resolve(.id(id), .resolve(large)))
            try await bench.refuses(.tooLarge, .append(queue: "q", key: "list", element: large))
        },
        ConformanceCase("a payload at the limit is taken, and comes back whole", isLarge: true) { bench in
            let large = Payload(bytes: Array(repeating: UInt8(ascii: "7"), count: Limits.payload))
            try await bench.push("a") { $0.payload = large }
            let leased = try await bench.leaseOne()
            try expect(leased.record.payload == large, "the payload comes back as it was")
            try await bench.settle(leased, .consume)
        },
        ConformanceCase("priorities outside -9 to 9 are refused") { bench in
            for priority in [-10, 10, .min, .max] {
                try await bench.refuses(.invalidName, .push(bench.item("a") { $0.priority = priority }))
            }
        },
        ConformanceCase("more operations than a transaction may have are refused", isLarge: true) { bench in
            let items = Array(repeating: Operation.push(bench.item(nil)), count: Limits.operations + 1)
            try await expect(.tooLarge) { _ = try await bench.store.commit(Transaction(items)) }
            try expect(try await bench.content().count, is: 0, "how many rows there are")
        },
        ConformanceCase("an empty transaction does nothing") { bench in
            let receipt = try await bench.commit()
            try expect(receipt.ids.count, is: 0, "how many addresses the receipt has")
        },
        ConformanceCase("work that the store does not understand is refused") { bench in
            struct Foreign: StoreWork {
                let kind = "nobody's"
            }
            try await bench.refuses(.unsupported, .push(bench.item("a")), .work(Foreign()))
        },
        ConformanceCase("a store that was closed says so", closes: true) { bench in
            try await bench.push("a")
            await bench.store.close()
            try await expect(.storeClosed) { _ = try await bench.push("b") }
            try await expect(.storeClosed) { _ = try await bench.awaitOne() }
            try await expect(.storeClosed) { _ = try await bench.news() }
            await bench.store.close()
        },
    ]
}
