extension StoreError {
    /// The sort of a failure. Open to growth, closed to typos.
    package struct Kind: Hashable, Sendable, CustomStringConvertible {
        private enum Code: String {
            case badUsage, notAWorkspace, notARepository, outsideWorkspace, notFound, alreadyExists
            case notInStore, ambiguous, unsavedChanges, locked, changedMeanwhile, permission,
                noSpace
            case readOnly, io, unsupportedFile, corrupt, newerFormat, malformed, invalidPipeline
            case stageFailed, notReproduced, numeric, remoteUnreachable, remoteRefused
            case conflict, interrupted, internalFault
        }

        private let code: Code

        private init(_ code: Code) { self.code = code }

        /// The kind with this name, or nil when there is none.
        package init?(name: String) {
            guard let code = Code(rawValue: name) else { return nil }
            self.code = code
        }

        /// The name in `--json` and in docs/reference/errors.md.
        package var description: String { code.rawValue }

        /// Arguments that make no sense.
        package static let badUsage = Kind(.badUsage)
        /// No `.mlstore` here or above.
        package static let notAWorkspace = Kind(.notAWorkspace)
        /// A git repository is needed and there is none.
        package static let notARepository = Kind(.notARepository)
        /// A path that leads out of the workspace.
        package static let outsideWorkspace = Kind(.outsideWorkspace)
        /// Something named does not exist.
        package static let notFound = Kind(.notFound)
        /// Something that should be new is there already.
        package static let alreadyExists = Kind(.alreadyExists)
        /// An id whose content this store does not hold.
        package static let notInStore = Kind(.notInStore)
        /// A name or short id with several meanings.
        package static let ambiguous = Kind(.ambiguous)
        /// The command would have overwritten work that is nowhere else.
        package static let unsavedChanges = Kind(.unsavedChanges)
        /// Another process holds the lock.
        package static let locked = Kind(.locked)
        /// A file or ref changed while we worked on it.
        package static let changedMeanwhile = Kind(.changedMeanwhile)
        /// The operating system refused access.
        package static let permission = Kind(.permission)
        /// The disk or a quota is full.
        package static let noSpace = Kind(.noSpace)
        /// The place cannot be written to.
        package static let readOnly = Kind(.readOnly)
        /// Any other failure of a system call.
        package static let io = Kind(.io)
        /// A socket, a device, a pipe, a directory loop.
        package static let unsupportedFile = Kind(.unsupportedFile)
        /// Stored bytes that fail their checks.
        package static let corrupt = Kind(.corrupt)
        /// Written by a newer mlstore than this.
        package static let newerFormat = Kind(.newerFormat)
        /// Text or bytes from a user or a tool that do not parse.
        package static let malformed = Kind(.malformed)
        /// A stage file that parses but makes no sense.
        package static let invalidPipeline = Kind(.invalidPipeline)
        /// A stage's command or step failed.
        package static let stageFailed = Kind(.stageFailed)
        /// A replay gave other bytes than the lock says.
        package static let notReproduced = Kind(.notReproduced)
        /// A computation that cannot go on: NaN loss, singular matrix.
        package static let numeric = Kind(.numeric)
        /// A remote that does not answer.
        package static let remoteUnreachable = Kind(.remoteUnreachable)
        /// A remote that answers no.
        package static let remoteRefused = Kind(.remoteRefused)
        /// Two changes that cannot both be kept.
        package static let conflict = Kind(.conflict)
        /// Stopped by a signal.
        package static let interrupted = Kind(.interrupted)
        /// A fault in mlstore itself.
        package static let internalFault = Kind(.internalFault)
    }
}
