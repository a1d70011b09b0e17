import PenstockCommands
import Testing
import Text

@Suite("Help fits a screen")
struct HelpTests {
    static let commands = [
        [], ["list"], ["show"], ["journal"], ["queues"], ["tasks"], ["resolve"], ["reject"], ["cancel"], ["restart"],
        ["retry"], ["resume"], ["delete"], ["verify"], ["backup"], ["restore"], ["migrate"], ["bench"],
        ["bench", "durable"],
        ["graph"], ["graph", "run"], ["graph", "check"], ["graph", "show"], ["graph", "groups"],
    ]

    @Test("Every help has at most 24 lines of 80 columns, and the program's own 30", arguments: HelpTests.commands)
    func fits(command: [String]) async throws {
        let groups = command.first == "graph" ? [try TextGroup.make()] : []
        let said = await spread(command + ["--help"], groups: groups)
        #expect(said.status == .success)
        let lines = said.results.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        #expect(lines.count <= (command.isEmpty ? 30 : 24))
        for line in lines { #expect(line.count <= 80, "\(line)") }
        #expect(lines.contains { $0.hasPrefix("Usage: penstock") })
    }

    @Test("The ways to ask for help are the same")
    func ways() async {
        let help = await penstock("list", "--help")
        #expect(await penstock("list", "-h").results == help.results)
        #expect(await penstock("help", "list").results == help.results)
        #expect(await penstock("list", "--db", "x", "--help").results == help.results)
        let all = await penstock()
        #expect(all.status == .success)
        #expect(await penstock("--help").results == all.results)
        #expect(await penstock("help").results == all.results)
    }

    @Test("A program without groups has no graphs")
    func graphs() async throws {
        #expect(await penstock("graph").status == .usage)
        let said = await penstock("--help", groups: [try TextGroup.make()])
        #expect(said.lines.contains("  graph     Run a graph of processors from a file"))
    }

    @Test("The help of the program is this")
    func root() async {
        let help = """
            Durable queues and workflows on SQLite and PostgreSQL.

            Usage: penstock COMMAND ...

              list      List runs and items, newest first
              show      Show one run or item, and what it waits for
              journal   Show the steps of a run in order
              queues    Count what waits in each queue
              tasks     List what waits for a person or another program
              resolve   Give an external task its result
              reject    End an external task with a failure
              cancel    End a run or item, and everything that it called
              restart   Make a run forget its steps and begin again
              retry     Try what has failed again, after its last good step
              resume    Replay a diverged run, now that its code is mended
              delete    Remove a run or item, and its steps, for good
              verify    Look through a database for damage
              backup    Copy a database, also while its engine works
              restore   Put a backup in the place of a database
              migrate   Make the tables of a store in PostgreSQL, or print how
              segments  Run a pipeline of segments from a file
              bench     Measure the engine beside the machine it runs on

            Exit codes: 0 ok, 1 failed, 2 not found or conflict, 64 usage, 65 bad data,
            69 owned by another process, 74 input/output, 78 unusable database.

            """
        #expect(await penstock().results == help)
    }

    @Test("The help of a command is this")
    func list() async {
        let help = """
            List runs and items, newest first.

            Usage: penstock list --db FILE [OPTIONS]

              --db FILE            The database of an engine that is not running
              -o, --output OUTPUT  table for people, or json for programs
              --queue NAME         Only this queue
              --limit N            At most so many; 0 is all
              --state STATE        Only this state; may be given several times
              --after ITEM         Go on after this item

            The first column is the name under which the other commands find an item.

            """
        #expect(await penstock("list", "--help").results == help)
    }
}
