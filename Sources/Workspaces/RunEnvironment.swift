package import Bytes
import Vocabulary

/// Where a run happened, as far as it can be told without secrets: no value of an environment
/// variable is kept, only digests of those that a stage declares.
package struct RunEnvironment: Sendable, Equatable {
    /// The commit that was checked out, in hexadecimal; nil outside git or before the first.
    package var gitCommit: String?
    /// The digest of the uncommitted changes of files that git tracks; nil when there were none.
    package var dirtyPatch: String?
    /// `linux` or `macos`.
    package var system = ""
    /// `x86_64` or `arm64`.
    package var architecture = ""
    /// The release of the operating system's kernel.
    package var systemRelease: String?
    /// The processor's model.
    package var processor: String?
    /// The models of graphics processors, sorted.
    package var accelerators: [String] = []
    /// The version of their driver.
    package var acceleratorDriver: String?
    /// The first word of the command, where it is a known interpreter.
    package var interpreter: String?
    /// What that interpreter says about its version.
    package var interpreterVersion: String?
    /// The packages that the interpreter had, with versions, where no file pins them.
    package var packages: [String: String] = [:]
    /// Digests of the files that pin an environment (`uv.lock`, …), by name.
    package var lockFiles: [String: String] = [:]
    /// Digests of the values of the declared environment variables; null for unset ones.
    package var variables: [String: JSONValue] = [:]
    /// The image of the container, where the user says which.
    package var image: String?
    /// The version of the numeric core, for steps.
    package var coreVersion: String?
    /// The version of mlstore.
    package var mlstoreVersion = ""

    /// An environment of which nothing is known.
    package init() {}

    /// The member `environment` of a run record.
    package var json: JSONValue {
        var members: [String: JSONValue] = [
            "system": .string(system), "architecture": .string(architecture),
            "mlstore": .string(mlstoreVersion), "variables": .object(variables),
            "lockFiles": .object(lockFiles.mapValues { .string($0) }),
        ]
        members["gitCommit"] = gitCommit.map { .string($0) }
        members["dirtyPatch"] = dirtyPatch.map { .string($0) }
        members["interpreter"] = interpreter.map { .string($0) }
        members["interpreterVersion"] = interpreterVersion.map { .string($0) }
        members["systemRelease"] = systemRelease.map { .string($0) }
        members["processor"] = processor.map { .string($0) }
        members["acceleratorDriver"] = acceleratorDriver.map { .string($0) }
        if !accelerators.isEmpty {
            members["accelerators"] = .array(accelerators.map { .string($0) })
        }
        if !packages.isEmpty { members["packages"] = .object(packages.mapValues { .string($0) }) }
        members["image"] = image.map { .string($0) }
        members["core"] = coreVersion.map { .string($0) }
        return .object(members)
    }

    /// Reads the member; what is missing stays unknown.
    package init(_ json: JSONValue) {
        gitCommit = json["gitCommit"]?.stringValue
        dirtyPatch = json["dirtyPatch"]?.stringValue
        system = json["system"]?.stringValue ?? ""
        architecture = json["architecture"]?.stringValue ?? ""
        interpreter = json["interpreter"]?.stringValue
        interpreterVersion = json["interpreterVersion"]?.stringValue
        lockFiles = (json["lockFiles"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
        variables = json["variables"]?.objectValue ?? [:]
        systemRelease = json["systemRelease"]?.stringValue
        processor = json["processor"]?.stringValue
        accelerators = json["accelerators"]?.arrayValue?.compactMap(\.stringValue) ?? []
        acceleratorDriver = json["acceleratorDriver"]?.stringValue
        packages = (json["packages"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
        image = json["image"]?.stringValue
        coreVersion = json["core"]?.stringValue
        mlstoreVersion = json["mlstore"]?.stringValue ?? ""
    }
}
