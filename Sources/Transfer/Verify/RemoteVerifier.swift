import Bytes
import Objects
import Platform
import Remotes
import Vocabulary

/// Checks what a remote holds, from the remote alone: no copy that is here counts. Changes nothing.
///
/// A collection or a push may come in between: when something is wrong and the root has moved
/// meanwhile, all is looked at again. Throws `.remoteUnreachable` and its like, which say nothing
/// about the data.
///
/// Cost: a listing, and by the level all metadata, a request a pack, or all bytes; at most `jobs` packs
/// are on the disk at once.
package func verify(
    remote context: RemoteContext, _ options: RemoteVerifyOptions = RemoteVerifyOptions(),
    progress: (_ what: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
) throws -> RemoteVerifyReport {
    try RemoteVerifier.settled(context, options, progress).report
}

/// One look at a remote.
struct RemoteVerifier {
    private let context: RemoteContext
    private let options: RemoteVerifyOptions
    let catalog: RemoteCatalog
    private(set) var report = RemoteVerifyReport()
    /// Frames that cannot be used: by the number of the pack in the index.
    private(set) var badFrames: [Int: Set<Int>] = [:]
    /// Packs that are not what they should be as files, by their numbers. In a repair, those of their
    /// frames that can be read all the same are not in `badFrames`.
    private(set) var badPacks: Set<Int> = []
    /// What metadata refers to; empty unless kept for a repair.
    private(set) var references: [Referrer] = []
    private let keepsReferences: Bool
    /// The records that notes of pushes stand for.
    private let notes: Set<RecordID>
    /// Notes of pushes of which the record is not there.
    private(set) var lostNotes: [RefName] = []
    /// Of which the record is there, and nothing that it names.
    private(set) var emptyNotes: Set<RecordID> = []

    /// Where a frame stands in the index.
    struct FramePlace: Hashable, Sendable {
        let pack: Int
        let frame: Int
    }

    /// An object of metadata, in one of the places where it stands.
    struct Referrer: Sendable {
        let frame: FramePlace
        let key: ObjectKey
        let references: [ObjectReference]
    }

    typealias Progress = (_ what: String, _ done: Int, _ total: Int) -> Void

    private static let attempts = 8

    /// The first look that nothing came in between of.
    static func settled(
        _ context: RemoteContext, _ options: RemoteVerifyOptions, keepingReferences: Bool = false,
        _ progress: Progress
    ) throws -> RemoteVerifier {
        for _ in 0..<attempts {
            let catalog: RemoteCatalog
            do {
                catalog = try RemoteCatalog(reading: context, usingCopies: false)
            } catch let error as StoreError where isAboutData(error) {
                var verifier = RemoteVerifier(context, options, RemoteCatalog(of: context), false)
                verifier.note(error, in: error.subject ?? "root")
                return verifier
            }
            var verifier = RemoteVerifier(context, options, catalog, keepingReferences)
            try verifier.run(progress)
            if verifier.report.isSound { return verifier }
            var later = catalog
            try later.refresh()
            if later.root == catalog.root { return verifier }
        }
        throw StoreError(
            .conflict, "cannot check remote \(context.title): others publish all the time",
            subject: context.name.description, advice: "try again when it is quieter",
            safety: "nothing was changed")
    }

    private init(
        _ context: RemoteContext, _ options: RemoteVerifyOptions, _ catalog: RemoteCatalog,
        _ keepsReferences: Bool
    ) {
        self.context = context
        self.options = options
        self.catalog = catalog
        self.keepsReferences = keepsReferences
        notes = Set(catalog.state.refs.filter { $0.key.isPushNote }.values)
    }

    private mutating func run(_ progress: Progress) throws {
        let index = catalog.index
        report.packs = index.packs.count
        report.storedBytes = index.packs.reduce(0) { $0 + $1.sizeBytes }
        report.objects = index.objectCount
        report.pushes = catalog.state.refs.keys.count { $0.isPushNote }
        report.refs = catalog.state.refs.count - report.pushes
        try checkPacks()
        checkBases()
        guard options.level >= .connectivity else { return try readSample(progress) }
        try readMetadata(progress)
        checkRefs()
        if options.level >= .checksums { try compareDigests(progress) }
        if options.level >= .full { try readPacks(progress) } else { try readSample(progress) }
    }

    // MARK: - Problems

    /// Whether an error tells that something is damaged or gone, and not that nothing answers.
    static func isAboutData(_ error: StoreError) -> Bool {
        error.kind == .corrupt || error.kind == .notFound
    }

    private mutating func note(_ error: StoreError, in file: String, affected: [ObjectKey] = []) {
        let severity: VerifyProblem.Severity = error.kind == .notFound ? .missing : .damaged
        report.problems.append(
            VerifyProblem(severity, file, error.message, affected: affected))
    }

    /// That pack is not what it should be: nothing in it is used, but by a repair what is intact.
    private mutating func condemn(
        _ number: Int, _ severity: VerifyProblem.Severity, _ message: String
    ) throws {
        let pack = catalog.index.packs[number]
        badPacks.insert(number)
        badFrames[number] = Set(0..<pack.frameCount)
        report.problems.append(
            VerifyProblem(severity, pack.path, message, affected: pack.keys))
        guard keepsReferences, severity == .damaged else { return }
        // A repair looks what can be read all the same: one frame after the other, since the file may end
        // in the middle.
        for frame in 0..<pack.frameCount {
            for request in FetchPlan.requests(pack, [frame]) {
                try SignalWatch.check()
                report.receivedBytes += request.range.count
                guard case .success? = try RemoteVerifier.read(request, context.remote).first
                else { continue }
                badFrames[number]?.remove(frame)
            }
        }
    }

    private mutating func condemn(_ place: FramePlace, _ error: StoreError) {
        let pack = catalog.index.packs[place.pack]
        badFrames[place.pack, default: []].insert(place.frame)
        let objects = pack.objects(ofFrame: place.frame).map { pack.keys[$0] }
        note(error, in: pack.path, affected: objects)
    }

    private func isUsable(_ number: Int) -> Bool { !badPacks.contains(number) }

    private func isUsable(_ place: FramePlace) -> Bool {
        !(badFrames[place.pack]?.contains(place.frame) ?? false)
    }

    // MARK: - Without reading

    /// Every pack is there, as long as the index says, and its frames lie within it.
    private mutating func checkPacks() throws {
        let check = RemotePackCheck(context: context)
        let listed = try check.listed()
        for name in listed.keys {
            guard let (_, id) = RemoteLayout.pack(name) else { continue }
            if !catalog.index.contains(id) { report.loosePacks += 1 }
        }
        for (number, pack) in catalog.index.packs.enumerated() {
            guard let fault = try check.fault(ofLengthOf: pack, listed) else { continue }
            try condemn(number, fault.severity, fault.message)
        }
    }

    /// What frames build on is there.
    private mutating func checkBases() {
        for (number, pack) in catalog.index.packs.enumerated() {
            for (frame, bases) in pack.frameBases.sorted(by: { $0.key < $1.key }) {
                let lacking = bases.digests.first {
                    !catalog.index.contains(ObjectKey(.chunk, $0))
                }
                guard let lacking else { continue }
                condemn(
                    FramePlace(pack: number, frame: frame),
                    StoreError(
                        .notFound, "a frame builds on chunk '\(lacking.hex)', which is not there"))
            }
        }
    }

    // MARK: - Metadata

    /// Reads all metadata, and looks for what it names.
    private mutating func readMetadata(_ progress: Progress) throws {
        var places: [FramePlace] = []
        for (number, pack) in catalog.index.packs.enumerated() {
            guard pack.keys.first?.kind.packClass == .metadata else { continue }
            places += (0..<pack.frameCount).map { FramePlace(pack: number, frame: $0) }
                .filter(isUsable)
        }
        try read(places, { progress("reading metadata", $0, places.count) }) {
            verifier, place, frame in
            let plain = try frame.plainObjects { key, _ in
                throw StoreError.notOnRemote(key, verifier.context)
            }
            for (object, bytes) in zip(frame.objects, plain) {
                try verifier.check(object.key, bytes, at: place)
            }
        }
    }

    private mutating func check(_ key: ObjectKey, _ bytes: [UInt8], at place: FramePlace) throws {
        guard objectDigest(key.kind, bytes) == key.digest else {
            throw StoreError(.corrupt, "\(key) has another digest")
        }
        let found: [ObjectReference]
        do {
            found = try Objects.references(of: key.kind, bytes)
        } catch {
            throw StoreError(.corrupt, "\(key) cannot be read: \(error.reason)")
        }
        if keepsReferences {
            references.append(Referrer(frame: place, key: key, references: found))
        }
        for reference in found where !isThere(reference) {
            note(
                StoreError(.notFound, "\(key) names what is not there: \(reference.text)"),
                in: catalog.index.packs[place.pack].path, affected: [key])
        }
        if key.kind == .record, notes.contains(RecordID(key.digest)) { try checkNote(key, bytes) }
    }

    /// What a push said it had sent is there.
    private mutating func checkNote(_ key: ObjectKey, _ bytes: [UInt8]) throws {
        let contents = PushNote.contents(of: try JSONValue(parsing: bytes))
        let gone = contents.filter { !catalog.index.contains($0) }
        if gone.count == contents.count { emptyNotes.insert(RecordID(key.digest)) }
        for id in gone {
            note(
                StoreError(.notFound, "a push sent '\(id)', which is not there"), in: "state",
                affected: [key])
        }
    }

    private func isThere(_ reference: ObjectReference) -> Bool {
        switch reference {
        case .object(let key): catalog.index.contains(key)
        case .blob(let blob): catalog.index.key(of: blob) != nil
        // A record may name what was never pushed.
        case .mention: true
        }
    }

    /// What the remote's refs stand for is there.
    private mutating func checkRefs() {
        for (name, id) in catalog.state.refs.sorted(by: { $0.key < $1.key }) {
            let key = ObjectKey(.record, id.digest)
            guard !catalog.index.contains(key) else { continue }
            note(
                StoreError(
                    .notFound, "ref '\(name)' stands for record '\(id.short)', which is not there"),
                in: "state", affected: [key])
            if name.isPushNote { lostNotes.append(name) }
        }
    }

    // MARK: - Reading frames

    /// Reads these frames and calls `body` with each that is as the index says; others are condemned,
    /// and so are those that `body` cannot use.
    private mutating func read(
        _ places: [FramePlace], _ progress: (Int) -> Void,
        _ body: (inout RemoteVerifier, FramePlace, EncodedFrame) throws -> Void
    ) throws {
        let packs = catalog.index.packs
        let byPack = Dictionary(grouping: places, by: \.pack).sorted { $0.key < $1.key }
        let requests = byPack.flatMap { number, places in
            FetchPlan.requests(packs[number], places.map(\.frame).sorted())
                .map { (number: number, request: $0) }
        }
        let pool = WorkerPool(threads: context.downloads)
        let remote = context.remote
        let step = 2 * pool.threads
        var done = 0
        for start in stride(from: 0, to: requests.count, by: step) {
            try SignalWatch.check()
            let batch = Array(requests[start..<min(start + step, requests.count)])
            let answers = try pool.map(count: batch.count) { index in
                try RemoteVerifier.read(batch[index].request, remote)
            }
            for (item, answer) in zip(batch, answers) {
                report.receivedBytes += item.request.range.count
                for (frame, result) in zip(item.request.frames, answer) {
                    let place = FramePlace(pack: item.number, frame: frame)
                    report.readFrames += 1
                    do {
                        try body(&self, place, result.get())
                    } catch let error as StoreError where RemoteVerifier.isAboutData(error) {
                        condemn(place, error)
                    }
                }
                done += item.request.frames.count
            }
            progress(done)
        }
    }

    /// The frames of a request, each or what is wrong with it: its checksum, and that it is what the
    /// index says.
    private static func read(
        _ request: FetchRequest, _ remote: any Remote
    ) throws -> [Result<EncodedFrame, StoreError>] {
        let pack = request.pack
        let name = try pack.name()
        let bytes: [UInt8]
        do {
            bytes = try remote.read(name, range: request.range)
        } catch let error as StoreError where isAboutData(error) {
            return request.frames.map { _ in .failure(error) }
        }
        return request.frames.map { frame in
            let part = pack.range(ofFrame: frame)
            let start = part.lowerBound - request.range.lowerBound
            do {
                return .success(
                    try pack.encodedFrame(
                        frame, copying: Array(bytes[start..<(start + part.count)])))
            } catch {
                return .failure(
                    error as? StoreError ?? StoreError(.corrupt, "a frame cannot be read: \(error)")
                )
            }
        }
    }

    /// Reads some frames of data.
    private mutating func readSample(_ progress: Progress) throws {
        guard options.samplePercent > 0 else { return }
        let salt = context.entropy.bytes(16)
        var places: [FramePlace] = []
        for (number, pack) in catalog.index.packs.enumerated() where isUsable(number) {
            guard pack.keys.first?.kind.packClass == .data else { continue }
            for frame in 0..<pack.frameCount {
                let draw = xxh3(salt + Array("\(pack.id.digest.hex)/\(frame)".utf8))
                guard Int(draw % 100) < options.samplePercent else { continue }
                places.append(FramePlace(pack: number, frame: frame))
            }
        }
        try read(places, { progress("reading samples", $0, places.count) }) { _, _, _ in }
    }

    // MARK: - Whole packs

    /// Compares the digests that the remote keeps with the names of packs, which are digests too.
    private mutating func compareDigests(_ progress: Progress) throws {
        let packs = catalog.index.packs
        let chosen = packs.indices.filter { isUsable($0) }
        try RemotePackCheck(context: context).forEachStoredDigest(of: chosen.map { packs[$0] }) {
            number, digest in
            progress("comparing digests", number + 1, chosen.count)
            guard let digest else { return }
            report.comparedPacks += 1
            if digest != packs[chosen[number]].id.digest {
                try condemn(chosen[number], .damaged, "the remote keeps another digest of it")
            }
        }
    }

    /// Reads every pack, and compares its digest with its name and its directory with the index.
    private mutating func readPacks(_ progress: Progress) throws {
        let packs = catalog.index.packs
        let chosen = packs.indices.filter { isUsable($0) }
        try RemotePackCheck(context: context).forEachWhole(of: chosen.map { packs[$0] }) {
            number, fault in
            report.readPacks += 1
            report.receivedBytes += packs[chosen[number]].sizeBytes
            if let fault { try condemn(chosen[number], .damaged, fault) }
            progress("reading packs", number + 1, chosen.count)
        }
    }
}

extension ObjectReference {
    /// For messages.
    fileprivate var text: String {
        switch self {
        case .object(let key): key.description
        case .blob(let blob): "blob '\(blob.digest.hex)'"
        case .mention(let digest): digest.hex
        }
    }
}
