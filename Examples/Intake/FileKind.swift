/// What kind of file something is.
public enum FileKind: String, Codable, Sendable, CaseIterable {
    /// Text for people.
    case text
    /// The terms under which something may be used.
    case licence
    /// What has changed.
    case changelog
    /// Text with markup: HTML, XML, PostScript.
    case markup
    /// The source of a program, or a script.
    case source
    /// Data for programs: JSON, YAML, CSV, settings.
    case data
    /// A picture.
    case image
    /// A document: PDF and its like.
    case document
    /// Something compressed, or several files in one.
    case archive
    /// A compiled program or library.
    case program
    /// None of these.
    case other

    /// Finds out by the name, and when that says nothing, by the content.
    public init(of path: String, content: FileContent) {
        let name = (path.split(separator: "/").last ?? "").lowercased()
        self = Self.named(name) ?? Self.known(content.bytes) ?? (content.measurement.encoding.isText ? .text : .other)
    }

    private static func named(_ name: String) -> FileKind? {
        // What is compressed is what it was before.
        let name = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
        if ["copyright", "license", "licence", "copying"].contains(where: name.hasPrefix) { return .licence }
        if ["changelog", "changes", "news", "history"].contains(where: name.hasPrefix) { return .changelog }
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
        return Self.extensions[String(name[name.index(after: dot)...])]
    }

    private static func known(_ bytes: [UInt8]) -> FileKind? {
        Self.beginnings.first { bytes.starts(with: $0.bytes) }?.kind
    }

    private static let beginnings: [(bytes: [UInt8], kind: FileKind)] = [
        ([0x7f, 0x45, 0x4c, 0x46], .program), ([0x1f, 0x8b], .archive), ([0x50, 0x4b, 3, 4], .archive),
        ([0xfd, 0x37, 0x7a, 0x58, 0x5a], .archive), ([0x89, 0x50, 0x4e, 0x47], .image), ([0xff, 0xd8, 0xff], .image),
        (Array("#!".utf8), .source), (Array("%PDF".utf8), .document), (Array("%!PS".utf8), .markup),
        (Array("<?xml".utf8), .markup), (Array("<!DOCTYPE".utf8), .markup), (Array("<html".utf8), .markup),
        (Array("{".utf8), .data), (Array("GIF8".utf8), .image),
    ]

    private static let extensions: [String: FileKind] = {
        let kinds: [(FileKind, String)] = [
            (.text, "txt md rst text readme org tex"),
            (.markup, "html htm xml xhtml svg css ps sgml xsl dtd"),
            (.source, "c h cc cpp hpp cxx swift py pl pm rb sh js ts go rs java lua tcl m4 el awk sed sql php inc"),
            (.data, "json yaml yml csv tsv toml ini conf cfg list dat db sqlite properties plist map example"),
            (.image, "png jpg jpeg gif ico bmp webp tiff xpm"),
            (.document, "pdf odt doc docx djvu epub"),
            (.archive, "gz tgz tar zip xz bz2 zst deb jar"),
            (.program, "so a o exe dll pyc"),
        ]
        var extensions: [String: FileKind] = [:]
        for (kind, names) in kinds {
            for name in names.split(separator: " ") { extensions[String(name)] = kind }
        }
        return extensions
    }()
}
