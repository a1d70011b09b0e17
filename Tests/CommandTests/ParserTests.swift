import PenstockCommands
import Testing

@Suite("The command line is understood, or says why not")
struct ParserTests {
    private let nowhere = "/nonexistent/app.db"

    @Test("A command that is not known ends with 64 and a guess")
    func unknownCommand() async {
        let said = await penstock("jurnal")
        #expect(said.status == .usage)
        #expect(said.messages.contains("there is no command 'jurnal'; did you mean 'journal'?"))
        #expect(said.messages.contains("See 'penstock --help'."))
        #expect(said.results.isEmpty)
    }

    @Test("An option that is not known ends with 64 and a guess")
    func unknownOption() async {
        let said = await penstock("list", "--db", self.nowhere, "--queu", "a")
        #expect(said.status == .usage)
        #expect(said.messages.contains("there is no option '--queu'; did you mean '--queue'?"))
        #expect(said.messages.contains("Usage: penstock list --db FILE [OPTIONS]"))
    }

    @Test("A guess is made only when something is near")
    func noGuess() async {
        #expect(!(await penstock("frobnicate")).messages.contains("did you mean"))
    }

    @Test(
        "What does not fit ends with 64 and says what does",
        arguments: [
            (["list"], "--db FILE is missing"),
            (["list", "--db"], "--db needs a value"),
            (["list", "--db", "--queue"], "--db needs a value"),
            (["list", "--db", "-o", "json"], "--db needs a value"),
            (["list", "--db", "x", "--db", "y"], "--db is given twice"),
            (["list", "--db", "x", "--limit", "many"], "the value 'many' for --limit is not a whole number"),
            (["list", "--db", "x", "--limit", "-3"], "--limit -3 is below zero"),
            (["tasks", "--db", "x", "--limit", "-1"], "--limit -1 is below zero"),
            (["list", "--db", "x", "extra"], "'extra' is one argument too many"),
            (["list", "--db", "x", "-o", "jsn"], "did you mean 'json'?"),
            (["list", "--db", "x", "--state", "faild"], "did you mean 'failed'?"),
            (["show", "--db", "x"], "ITEM is missing"),
            (["show", "nonsense", "--db", "x"], "QUEUE/KEY"),
            (["cancel", "--db", "x"], "ITEM is missing"),
            (["bench", "durable", "--json=yes"], "--json takes no value"),
            (["bench", "durable", "--n", "0"], "--n 0 is below one"),
            (["bench", "flux"], "there is no command 'flux'"),
        ]
    )
    func misuse(arguments: [String], message: String) async {
        let said = await spread(arguments)
        #expect(said.status == .usage)
        #expect(said.messages.contains(message), "\(said.messages)")
    }

    @Test(
        "The ways to write an option are the same",
        arguments: [
            ["list", "--db", "/nonexistent/app.db", "--limit", "3", "--state", "failed", "--state", "ready"],
            ["list", "--db=/nonexistent/app.db", "--limit=3", "--state=failed", "-o", "json"],
            ["list", "--output", "json", "--limit", "0", "--db", "/nonexistent/app.db"],
            ["show", "--db", "/nonexistent/app.db", "--", "~1"],
            ["show", "queue/key/with/slashes", "--db", "/nonexistent/app.db"],
            ["resolve", "a/b", "-5", "--db", "/nonexistent/app.db"],
            ["cancel", "~1", "~2.3", "a/b", "--db", "/nonexistent/app.db"],
        ]
    )
    func spellings(arguments: [String]) async {
        let said = await spread(arguments)
        // It was understood: what is missing is the file.
        #expect(said.status == .unusable)
        #expect(said.messages.contains("there is no file '/nonexistent/app.db'"))
    }
}
