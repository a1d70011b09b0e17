/// Looks for what should not have been written down.
///
/// It would rather miss something than cry wolf: every finding takes a person's time. What a finding says is not kept,
/// only where it is.
public enum SecretSearch {
    /// The most findings that are kept of a file.
    public static let limit = 20

    /// Looks through text.
    public static func findings(in bytes: [UInt8]) -> [Finding] {
        var findings: [Finding] = []
        for (number, line) in zip(1..., bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)) {
            guard findings.count < Self.limit else { break }
            if let kind = Self.kind(of: line) { findings.append(Finding(kind: kind, line: number)) }
        }
        return findings
    }

    private static func kind(of line: ArraySlice<UInt8>) -> Finding.Kind? {
        guard line.count >= 12 else { return nil }
        if Self.beginsKey(line) { return .privateKey }
        if Self.hasAccessKey(line) { return .accessKey }
        if Self.assignsPassword(line) { return .password }
        return Self.hasToken(line) ? .token : nil
    }

    private static func beginsKey(_ line: ArraySlice<UInt8>) -> Bool {
        let line = line.drop { $0 == 0x20 || $0 == 0x09 }
        guard line.starts(with: "-----BEGIN ".utf8) else { return false }
        return String(decoding: line.prefix(80), as: UTF8.self).contains("PRIVATE KEY")
    }

    /// Twenty capitals and digits of which the first four say what they are.
    private static func hasAccessKey(_ line: ArraySlice<UInt8>) -> Bool {
        Self.words(of: line) { Self.isUpper($0) || Self.isDigit($0) }.contains { word in
            word.count == 20 && (word.starts(with: "AKIA".utf8) || word.starts(with: "ASIA".utf8))
                && word.contains(where: Self.isDigit)
        }
    }

    /// `password = "…"`, where the value is one that somebody might use.
    private static func assignsPassword(_ line: ArraySlice<UInt8>) -> Bool {
        guard let sign = line.firstIndex(where: { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: ":") }) else {
            return false
        }
        let name = line[..<sign].reversed().drop { $0 == 0x20 || $0 == 0x22 || $0 == 0x27 }
        let word = String(
            decoding: name.prefix { Self.isLetter($0) || $0 == UInt8(ascii: "_") }.reversed(),
            as: UTF8.self
        )
        guard Self.names.contains(where: word.lowercased().hasSuffix) else { return false }
        let isQuote = { (byte: UInt8) in byte == 0x22 || byte == 0x27 }
        let value = line[(sign + 1)...].drop { $0 == 0x20 || isQuote($0) }
        let secret = value.prefix { $0 > 0x20 && !isQuote($0) && $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: ",") }
        guard (8...128).contains(secret.count), secret.endIndex + 2 >= line.endIndex else { return false }
        guard secret.contains(where: Self.isDigit), secret.contains(where: Self.isLetter) else { return false }
        // A variable, a call, a path or an address is where a password comes from, not what it is.
        return !secret.contains { "$<>(){}[]%/@:*\\&".utf8.contains($0) }
    }

    private static let names = ["password", "passwd", "secret", "apikey", "api_key", "token", "passphrase"]

    /// A long word that looks as if it was drawn by lot: neither a path, a name, a number nor a digest.
    private static func hasToken(_ line: ArraySlice<UInt8>) -> Bool {
        guard line.count >= 40 else { return false }
        return Self.words(of: line) { Self.isLetter($0) || Self.isDigit($0) }.contains { word in
            (40...100).contains(word.count) && word.contains(where: Self.isUpper) && word.contains(where: Self.isLower)
                && word.count(where: Self.isDigit) >= 4 && !word.allSatisfy(Self.isHexadecimal)
                // So begin the names that C++ gives to functions.
                && !word.starts(with: "ZN".utf8)
                && Self.changes(in: word) * 5 >= word.count * 2 && Self.distinct(word) >= 24
        }
    }

    /// How often the kind of letter changes; words that people make change seldom.
    private static func changes(in word: ArraySlice<UInt8>) -> Int {
        let kinds = word.map { Self.isUpper($0) ? 0 : Self.isLower($0) ? 1 : 2 }
        return zip(kinds, kinds.dropFirst()).count { $0 != $1 }
    }

    private static func distinct(_ word: ArraySlice<UInt8>) -> Int { Set(word).count }

    /// The stretches of a line whose bytes are all of one sort.
    private static func words(
        of line: ArraySlice<UInt8>,
        _ belongs: (UInt8) -> Bool
    ) -> [ArraySlice<UInt8>] {
        line.split { !belongs($0) }.filter { $0.count >= 20 }
    }

    private static func isUpper(_ byte: UInt8) -> Bool { byte >= 0x41 && byte <= 0x5a }
    private static func isLower(_ byte: UInt8) -> Bool { byte >= 0x61 && byte <= 0x7a }
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
    private static func isLetter(_ byte: UInt8) -> Bool { Self.isUpper(byte) || Self.isLower(byte) }
    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        Self.isDigit(byte) || "abcdefABCDEF".utf8.contains(byte)
    }
}
