await CrashWorker.main()
