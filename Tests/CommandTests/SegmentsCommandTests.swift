import PenstockCommands
import Testing

@Suite("penstock segments", .timeLimit(.minutes(60)))
struct SegmentsCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    @Test func `a file that is not there, is no JSON, or is no pipeline is told of before anything runs`() async throws
    {
        let missing = await penstock("segments", "run", "nowhere.json")
        #expect(missing.status == .conflict)
        #expect(missing.messages.contains("there is no file 'nowhere.json'; name one with segments in JSON"))
        for (text, reason) in [
            ("{", "is not sound"), ("{}", "document: 'segments' is missing"),
            (#"{"segments": [{"name": "a"}]}"#, "document.segments[0]: 'actions' is missing"),
            (
                #"{"segments": [{"name": "a", "actions": [], "capacity": 0}]}"#,
                "segments[0].capacity: 0 stands where at least 1 should"
            ),
        ] {
            let file = try self.folder.write("segments.json", text)
            let said = await penstock("segments", "run", file)
            #expect(said.status == .data, "\(text): \(said.messages)")
            #expect(said.messages.contains(reason), "\(text): \(said.messages)")
        }
    }

    @Test func `what cannot start fails, and the trace ends where it did`() async throws {
        let file = try self.folder.write(
            "segments.json",
            #"""
            {"libraries": ["./libNothing.so"],
             "segments": [{"name": "start", "actions": [{"use": "no.such"}, {"use": "send"}]}]}
            """#
        )
        let said = await penstock("segments", "run", file, "--trace-control")
        #expect(said.status == .failure)
        #expect(said.messages.contains("library '\(self.folder.path)/./libNothing.so' cannot be loaded"))
        #expect(said.messages.contains("a1       PM>SM  start: libraries"))
        #expect(!said.messages.contains("a3"))
        let plain = try self.folder.write(
            "plain.json",
            #"{"segments": [{"name": "start", "actions": [{"use": "x"}]}]}"#
        )
        let unknown = await penstock("segments", "run", plain)
        #expect(unknown.status == .failure)
        #expect(unknown.messages.contains("actions[0]: there is no 'x'; there are: send"), "\(unknown.messages)")
        #expect(!unknown.messages.contains("PM>SM"))
        #expect(unknown.results.isEmpty)
    }
}
