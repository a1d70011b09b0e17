import DiskWorkload
import Foundation
import Penstock
import PenstockSQLite
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite("Opening a SQLite store")
struct OpeningTests {
    /// Opens and expects to be refused, without a byte of the file changed and without litter.
    private func expectRefusal(
        _ path: String,
        _ words: String,
        in folder: Folder
    ) async throws {
        let names = try folder.names
        let before = try? bytes(of: path)
        let error = await #expect(throws: PenstockError.self) { try await openStore(path) }
        #expect(error?.code == .storeUnusable)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect((try? bytes(of: path)) == before)
        #expect(try folder.names == names)
    }

    @Test("A directory that does not exist is refused")
    func missingDirectory() async throws {
        let folder = try Folder()
        try await self.expectRefusal(folder.file("none/app.db"), "does not exist", in: folder)
    }

    @Test("A directory in place of a file is refused")
    func directory() async throws {
        let folder = try Folder()
        try await self.expectRefusal(folder.path, "is a directory", in: folder)
    }

    @Test("An empty path is refused")
    func emptyPath() async throws {
        try await self.expectRefusal("", "empty", in: Folder())
    }

    @Test("A file that is no database is refused as it is", arguments: [3, 100, 5000, 100_000])
    func notADatabase(size: Int) async throws {
        let folder = try Folder()
        try Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 + 1) }).write(to: URL(filePath: folder.database))
        try await self.expectRefusal(folder.database, "not a SQLite database", in: folder)
    }

    @Test("A database of another program is refused as it is")
    func foreignDatabase() async throws {
        let folder = try Folder()
        try sqlite(folder.database, "CREATE TABLE items (id INTEGER)")
        try await self.expectRefusal(folder.database, "another program", in: folder)
        try sqlite(folder.database, "PRAGMA application_id = 7")
        try await self.expectRefusal(folder.database, "another program", in: folder)
    }

    @Test("A database of a newer version is refused as it is")
    func newerVersion() async throws {
        let folder = try Folder()
        try await openStore(folder.database).close()
        try sqlite(folder.database, "PRAGMA user_version = 99")
        try await self.expectRefusal(folder.database, "schema version 99", in: folder)
    }

    @Test("A link that leads nowhere and a file with two names are refused")
    func links() async throws {
        let folder = try Folder()
        try FileManager.default.createSymbolicLink(atPath: folder.database, withDestinationPath: "nowhere")
        try await self.expectRefusal(folder.database, "leads nowhere", in: folder)
        let file = folder.file("one.db")
        try await openStore(file).close()
        try FileManager.default.linkItem(atPath: file, toPath: folder.file("two.db"))
        try await self.expectRefusal(file, "hard link", in: folder)
    }

    @Test(
        "A file, or a directory, that may not be written to is refused as it is",
        arguments: [(0o444, 0o777), (0o666, 0o555)]
    )
    func readOnly(file: mode_t, directory: mode_t) async throws {
        let folder = try Folder()
        let path = folder.database
        try await openStore(path).close()
        // The owner's file is open to everybody here, so that the refusal is about the database.
        for (name, mode) in [("\(path)-owner", 0o666), (path, file), (folder.path, directory)] {
            #expect(unsafe chmod(name, mode) == 0)
        }
        defer { unsafe _ = chmod(folder.path, 0o777) }
        let before = try bytes(of: path)
        await #expect(processExitsWith: .exitCode(7)) { [path = path as String] in
            // Root may write everywhere.
            if getuid() == 0 { #expect(setuid(65_534) == 0) }
            let error = await #expect(throws: PenstockError.self) { try await openStore(path) }
            exit(error?.code == .storeUnusable && error?.message.contains("let this user write") == true ? 7 : 1)
        }
        #expect(try bytes(of: path) == before)
        #expect(try folder.names == ["app.db", "app.db-owner"])
    }

    @Test(
        "Network filesystems are known by their numbers",
        arguments: [(0x6969, "NFS"), (0xff53_4d42, "CIFS"), (0x517b, "SMB"), (0x0102_1997, "9P")]
    )
    func networkFilesystems(kind: Int, name: String) {
        #expect(DatabasePath.networkName(ofFilesystem: kind) == name)
    }

    @Test("Local filesystems are allowed: ext4, XFS, Btrfs, tmpfs, overlay, FUSE")
    func localFilesystems() {
        for kind in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x6573_5546] {
            #expect(DatabasePath.networkName(ofFilesystem: kind) == nil)
        }
    }

    @Test("A second opening in the same process is refused, under any name, and says who the owner is")
    func secondOpening() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        let link = folder.file("other.db")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "app.db")
        for path in [folder.database, link, folder.file("./app.db")] {
            let error = await #expect(throws: PenstockError.self) { try await openStore(path) }
            #expect(error?.code == .storeOwned)
            #expect(error?.message.contains("process \(getpid()) (") == true)
        }
        #expect(try SQLiteStore.owner(of: link)?.process == getpid())
        await store.close()
        #expect(try SQLiteStore.owner(of: link) == nil)
        try await openStore(folder.database).close()
    }

    @Test("The file is for its owner's eyes only, and a clean end leaves nothing but it and the owner's file")
    func cleanEnd() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        try await store.push("1")
        for name in try folder.names {
            let mode = try FileManager.default.attributesOfItem(atPath: folder.file(name))[.posixPermissions]
            #expect(mode as? Int == 0o600, "\(name)")
        }
        await store.close()
        #expect(try folder.names == ["app.db", "app.db-owner"])
        #expect(try sqlite(folder.database, "SELECT payload FROM penstock_items") == ["1"])
    }

    @Test("The settings are those that the promises rest on")
    func settings() async throws {
        let folder = try Folder()
        let store = try await openStore(folder.database)
        await store.close()
        #expect(try sqlite(folder.database, "PRAGMA journal_mode") == ["wal"])
        #expect(try sqlite(folder.database, "PRAGMA application_id") == ["1347310420"])
        try await openStore(folder.database, options: SQLiteOptions(durability: .relaxed)).close()
    }
}
