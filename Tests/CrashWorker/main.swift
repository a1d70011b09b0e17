// Either the orders of a workload, or the run of a graph: `graph PATH NAME COUNT`.
if CommandLine.arguments.count == 5, CommandLine.arguments[1] == "graph", let count = Int(CommandLine.arguments[4]) {
    await GraphWorker.main(CommandLine.arguments[2], CommandLine.arguments[3], count)
} else {
    await CrashWorker.main()
}
