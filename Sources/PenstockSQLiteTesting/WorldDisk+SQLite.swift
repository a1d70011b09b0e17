public import PenstockTesting

extension WorldDisk {
    /// Real SQLite on a ``CrashDisk``, whose log is as long as a world's seed says.
    public static var sqlite: WorldDisk {
        WorldDisk { knobs in
            var chance = SeededGenerator(seed: knobs.seed ^ 0x7371_6c69_7465)
            var settings = CrashDisk.Settings()
            settings.seed = chance.next()
            settings.checkpointFrames = [10, 50, 4000][Int(chance.next() % 3)]
            settings.logBytes = [0, 20_000][Int(chance.next() % 2)]
            return SQLiteMedium(CrashDisk(settings))
        }
    }

    /// Real SQLite on a ``CrashDisk`` with these settings.
    public static func sqlite(_ settings: CrashDisk.Settings) -> WorldDisk {
        WorldDisk { _ in SQLiteMedium(CrashDisk(settings)) }
    }
}
