private import CPlatform
import Vocabulary

extension StoreError {
    /// A failed system call: `cannot <operation> '<path>': <what the system says>`.
    static func system(_ operation: String, _ path: DiskPath, code: Int32) -> StoreError {
        system("cannot \(operation) '\(path)'", subject: "\(path)", code: code)
    }

    /// A failed system call without a path.
    static func system(_ failure: String, subject: String?, code: Int32) -> StoreError {
        let kind = kind(ofSystemError: code)
        return StoreError(
            kind, "\(failure): \(systemText(code))", subject: subject, advice: advice(kind))
    }

    /// The place is larger than what a reader is ready to hold in memory.
    static func fileTooLarge(_ path: DiskPath, size: Int, maximum: Int) -> StoreError {
        StoreError(
            .malformed,
            "cannot read '\(path)': \(ByteCount(size)) where at most \(ByteCount(maximum)) make sense",
            subject: "\(path)")
    }

    /// A second sync after a failed one.
    static func abandonedFile(_ path: DiskPath) -> StoreError {
        StoreError(
            .io, "cannot sync '\(path)': an earlier sync of it failed", subject: "\(path)",
            advice: "check the disk, then run the command again")
    }

    private static func kind(ofSystemError code: Int32) -> Kind {
        switch Int(mlp_error_class(code)) {
        case MLP_E_NOT_FOUND: .notFound
        case MLP_E_EXISTS: .alreadyExists
        case MLP_E_PERMISSION: .permission
        case MLP_E_NO_SPACE: .noSpace
        case MLP_E_READ_ONLY: .readOnly
        case MLP_E_UNSUPPORTED: .unsupportedFile
        case MLP_E_INTERRUPTED: .interrupted
        default: .io
        }
    }

    private static func advice(_ kind: Kind) -> String? {
        switch kind {
        case .noSpace: "free some space (or raise the quota), then run the command again"
        case .permission: "check who owns it and what its directory permits"
        case .readOnly: "the file system is mounted read-only: choose another place or remount it"
        case .io: "check the disk and the path, then run the command again"
        default: nil
        }
    }
}

/// What the system calls an error, with a small first letter.
func systemText(_ code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    // The call writes at most that many bytes, the last of them zero.
    unsafe mlp_error_text(code, &buffer, 256)
    let text = String(
        decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard let first = text.first else { return "error \(code)" }
    // Only a word is lowered, not an abbreviation.
    let second = text.dropFirst().first
    return second?.isLowercase == true ? first.lowercased() + text.dropFirst() : text
}
