import Foundation
import Intake
import Penstock
import PenstockSQLite
import Testing

@Suite("The example Intake knows its files")
struct IntakeTests {
    @Test(
        "Size, lines and encoding are found",
        arguments: [
            (Array("one\ntwo\n".utf8), 2, FileEncoding.ascii),
            (Array("one\ntwo".utf8), 2, .ascii),
            ([], 0, .ascii),
            (Array("naïve\n".utf8), 1, .utf8),
            ([0x6e, 0x61, 0xef, 0x76, 0x65, 0x0a], 1, .latin1),
            ([0x1f, 0x8b, 0x08, 0x00], 0, .gzip),
            ([0x7f, 0x45, 0x4c, 0x46, 0x00, 0x01], 0, .binary),
        ]
    )
    func measure(bytes: [UInt8], lines: Int, encoding: FileEncoding) {
        let measurement = FileContent(bytes: bytes).measurement
        #expect(measurement == Measurement(bytes: bytes.count, lines: lines, encoding: encoding))
    }

    @Test(
        "The kind is found by name, and then by content",
        arguments: [
            ("copyright", "x", FileKind.licence), ("changelog.Debian.gz", "", .changelog), ("a.html", "x", .markup),
            ("a.tar.gz", "", .archive), ("a.txt.gz", "", .text), ("main.c", "int x;", .source), ("x.json", "{}", .data),
            ("script", "#!/bin/sh\n", .source), ("page", "<!DOCTYPE html>", .markup), ("README", "hello", .text),
            (".profile", "x", .text), ("logo.PNG", "", .image),
        ]
    )
    func classify(name: String, content: String, kind: FileKind) {
        #expect(FileKind(of: "/some/\(name)", content: FileContent(bytes: Array(content.utf8))) == kind)
    }

    @Test("What looks like a secret is found, with its line and nothing of its text")
    func secrets() throws {
        // Put together here, so that nobody who looks for secrets finds one in this file.
        let key = "-----BEGIN RSA " + "PRIVATE KEY-----"
        let access = "AKIA" + "IOSFODNN7EXAMPLE"
        let token = "MIIBPAIBAAJBANPQbQ92" + "nlbeg1Q5JNHSO1Yey46nZ7GJltLWw1cc"
        let text = "nothing\n\(key)\nid \(access)\ndb_password = \"hunter2hunter2\"\n\(token)\n"
        let findings = SecretSearch.findings(in: Array(text.utf8))
        #expect(findings.map(\.kind) == [.privateKey, .accessKey, .password, .token])
        #expect(findings.map(\.line) == [2, 3, 4, 5])
        let kept = String(decoding: try JSONEncoder().encode(findings), as: UTF8.self)
        #expect(!kept.contains("hunter2") && !kept.contains(access))
    }

    @Test(
        "What only looks a little like a secret is not",
        arguments: [
            "password = getpass.getpass()", "password: your password here", "export TOKEN=$OTHER_TOKEN",
            "Set the password=<secret> option to something.", "The password: see chapter 12 of the manual",
            "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "https://example.org/a/very/long/path/that/goes/on/and/on/for/a/while/Index.html",
            "averyveryveryverylongvariablenamethatsomebodyhaswrittendown = 1",
            "_ZNSt28__atomic_futex_unsigned_base19_M_futex_wait_untilEPjjbNSt6chrono8durationIlSt5ratioILl1E",
        ]
    )
    func noSecrets(line: String) {
        #expect(SecretSearch.findings(in: Array(line.utf8)).isEmpty)
    }

    @Test("Files are listed in order, without links, and no more than asked for")
    func fileList() throws {
        let folder = try TemporaryFolder()
        for name in ["b.txt", "a/z.txt", "a/c.txt", "c.txt"] { _ = try folder.write(name, name) }
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/link", withDestinationPath: "b.txt")
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/loop", withDestinationPath: ".")
        let files = try FileList.files(in: folder.path + "/", limit: 10)
        #expect(files == ["a/c.txt", "a/z.txt", "b.txt", "c.txt"].map { "\(folder.path)/\($0)" })
        #expect(try FileList.files(in: folder.path, limit: 2) == Array(files.prefix(2)))
        #expect(throws: IntakeError.self) { try FileList.files(in: "\(folder.path)/none", limit: 1) }
        #expect(throws: IntakeError.self) { try FileList.files(in: "\(folder.path)/b.txt", limit: 1) }
    }

    @Test("A file that is gone is reported as unreadable, and fails nothing")
    func unreadable() {
        #expect(FileContent(path: "/nonexistent").measurement.encoding == .unreadable)
        #expect(FileContent(path: "/dev/zero").measurement.encoding == .unreadable)
    }

    @Test("Every file is recorded once, what is flagged waits for a person, and the summary has them all")
    func run() async throws {
        let folder = try TemporaryFolder()
        var files = try (0..<5).map { try folder.write("in/\($0).txt", "line\nline \($0)\n") }
        files.append(try folder.write("in/key.pem", "-----BEGIN " + "PRIVATE KEY-----\n"))
        let store = try await SQLiteStore(path: "\(folder.path)/intake.db")
        let intake = Intake(store: store)
        let engine = try await Engine(store: .open(store), pipelines: intake.pipelines)
        try await Intake.prepare(store)
        let summary = try await engine.run {
            let runs = try await engine.start(intake.file, files.map { (key: Optional($0), input: $0) })
            let desk = try engine.desk(of: intake.review)
            var waiting = try await desk.waiting()
            while waiting.isEmpty {
                await Task.yield()
                waiting = try await desk.waiting()
            }
            #expect(waiting.map(\.value.path) == [files[5]])
            try await desk.resolve(waiting[0].key, with: .secret)
            for run in runs { _ = try await run.value }
            return try await engine.start(intake.summary, Nothing()).value
        }
        await store.close()
        #expect(summary.files == 6)
        #expect(summary.lines == 11)
        #expect(summary.flagged == 1)
        #expect(summary.kinds == ["text": 6])
    }
}
