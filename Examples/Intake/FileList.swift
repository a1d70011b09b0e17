import FoundationEssentials

/// The files of a folder, in an order that is the same every time.
public enum FileList {
    /// Folders that most systems have, with thousands of files that nobody minds being read.
    public static let usual = ["/usr/share/doc", "/usr/share", "/usr/include"]

    /// How deep folders are followed.
    private static let depth = 64

    /// Lists up to `limit` ordinary files under a folder, or under the first of ``usual`` that is there.
    ///
    /// Links are not followed. What cannot be looked into is passed over, and so is a path too long to be a key.
    public static func files(in folder: String?, limit: Int) throws -> [String] {
        let folder = try folder ?? Self.usualFolder()
        var path = folder
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        let manager = FileManager.default
        if !path.hasPrefix("/") { path = "\(manager.currentDirectoryPath)/\(path)" }
        var isFolder = false
        guard manager.fileExists(atPath: path, isDirectory: &isFolder), isFolder else {
            throw IntakeError("there is no folder '\(folder)': name one with files in it")
        }
        var files: [String] = []
        Self.add(path, to: &files, limit: limit, depth: 0)
        guard !files.isEmpty else {
            throw IntakeError("there is no file in '\(folder)' that can be read: name a folder with files in it")
        }
        return files
    }

    private static func usualFolder() throws -> String {
        let manager = FileManager.default
        let found = Self.usual.first { folder in
            var isFolder = false
            guard manager.fileExists(atPath: folder, isDirectory: &isFolder), isFolder else { return false }
            return (try? manager.contentsOfDirectory(atPath: folder))?.isEmpty == false
        }
        guard let found else {
            throw IntakeError(
                "none of \(Self.usual.joined(separator: ", ")) is here: name a FOLDER with files in it"
            )
        }
        return found
    }

    private static func add(_ folder: String, to files: inout [String], limit: Int, depth: Int) {
        let manager = FileManager.default
        guard depth < Self.depth, let names = try? manager.contentsOfDirectory(atPath: folder) else { return }
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            guard files.count < limit else { return }
            let path = folder == "/" ? "/\(name)" : "\(folder)/\(name)"
            // The attributes are those of a link itself, not of what it leads to.
            guard path.utf8.count <= 512, let attributes = try? manager.attributesOfItem(atPath: path) else { continue }
            switch attributes[.type] as? FileAttributeType {
            case .typeDirectory: Self.add(path, to: &files, limit: limit, depth: depth + 1)
            case .typeRegular: files.append(path)
            default: break
            }
        }
    }
}
