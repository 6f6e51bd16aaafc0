import Bytes
import Vocabulary
import Workspaces

/// Something of a run's environment that is not as it was then.
package struct EnvironmentDifference: Sendable, Hashable {
    /// What: `git commit`, `interpreter version`, `package numpy`, `uv.lock`, …
    package let subject: String
    /// What the record of the run says; nil where it says that there was none.
    package let recorded: String?
    /// What it is here and now.
    package let present: String?
}

extension EnvironmentDifference: CustomStringConvertible {
    /// One line for people.
    package var description: String {
        func text(_ value: String?) -> String {
            guard let value else { return "none" }
            let isDigest = value.hasPrefix("sha256:") || value.utf8.count == 40
            return isDigest ? String(value.replacing("sha256:", with: "").prefix(12)) : value
        }
        return "\(subject): \(text(recorded)) -> \(text(present))"
    }
}

extension RunEnvironment {
    /// In what `present` differs from this record. What the record does not say at all, as old ones
    /// do not of the processor, is not compared.
    func differences(to present: RunEnvironment) -> [EnvironmentDifference] {
        var found: [EnvironmentDifference] = []
        func compare(_ subject: String, _ old: String?, _ new: String?) {
            guard old != new else { return }
            found.append(EnvironmentDifference(subject: subject, recorded: old, present: new))
        }
        func compare(_ kind: String, _ old: [String: String], _ new: [String: String]) {
            for name in Set(old.keys).union(new.keys).sorted() {
                compare(kind + name, old[name], new[name])
            }
        }
        compare("git commit", gitCommit, present.gitCommit)
        compare("uncommitted changes", dirtyPatch, present.dirtyPatch)
        if !system.isEmpty { compare("system", system, present.system) }
        if !architecture.isEmpty { compare("architecture", architecture, present.architecture) }
        if systemRelease != nil {
            compare("system release", systemRelease, present.systemRelease)
            compare("processor", processor, present.processor)
            compare(
                "graphics", accelerators.joined(separator: ", "),
                present.accelerators.joined(separator: ", "))
            compare("graphics driver", acceleratorDriver, present.acceleratorDriver)
        }
        if image != nil { compare("container image", image, present.image) }
        compare("interpreter version", interpreterVersion, present.interpreterVersion)
        if !packages.isEmpty { compare("package ", packages, present.packages) }
        compare("", lockFiles, present.lockFiles)
        compare(
            "variable ", variables.mapValues(\.digestText),
            present.variables.mapValues(\.digestText))
        compare("numeric core", coreVersion, present.coreVersion)
        if !mlstoreVersion.isEmpty { compare("mlstore", mlstoreVersion, present.mlstoreVersion) }
        return found
    }
}

extension JSONValue {
    /// The digest of a variable's value; `unset` for null.
    fileprivate var digestText: String { stringValue ?? "unset" }
}
