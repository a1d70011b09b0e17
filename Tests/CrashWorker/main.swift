// The orders of a workload, or the run of a graph: `graph PATH NAME COUNT`, or clients whose calls are written down:
// `history PATH SEED PROCESS`.
if CommandLine.arguments.count == 5, CommandLine.arguments[1] == "graph", let count = Int(CommandLine.arguments[4]) {
    await GraphWorker.main(CommandLine.arguments[2], CommandLine.arguments[3], count)
} else if CommandLine.arguments.count == 5, CommandLine.arguments[1] == "history",
    let seed = UInt64(CommandLine.arguments[3]), let process = Int(CommandLine.arguments[4])
{
    await HistoryWorker.main(CommandLine.arguments[2], seed, process)
} else {
    await CrashWorker.main()
}
