await Faults.main()
