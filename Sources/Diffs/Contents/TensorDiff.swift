import Bytes
import Tables
import Vocabulary

/// Compares two files of tensors; nil where a version is none. Tensors that both have with the same
/// type and shape are read where their chunks differ: the norm of the change beside that of the old
/// values, and the largest change.
func diffTensors(_ old: ByteAccess, _ new: ByteAccess) throws -> PartsDiff? {
    guard let before = try TensorFile(old.ranges), let after = try TensorFile(new.ranges) else {
        return nil
    }
    var diff = PartsDiff(after.format)
    diff.addChanges(from: before.facts, to: after.facts)
    for name in Set(before.tensors.keys).union(after.tensors.keys).sorted() {
        let (left, right) = (before.tensors[name], after.tensors[name])
        var part = PartsDiff.Part(
            name: name, old: left?.description, new: right?.description, isValue: false)
        if let left, let right, left.description == right.description {
            var change = TensorChange(left, right)
            guard try change.measure(old, new) else {
                diff.equalCount = (diff.equalCount ?? 0) + 1
                continue
            }
            part.note = change.sentence
        }
        diff.add(part)
    }
    return diff
}

extension TensorFile {
    /// What the header says of the whole, each value by its path: a model's parameters.
    fileprivate var facts: [String: String] {
        var facts: [String: String] = [:]
        if let array = tensors["array"], format == "NPY" {
            facts["order"] = array.isFortranOrder ? "Fortran" : "C"
        }
        if let metadata { DocumentParts.collect(metadata, "", &facts) }
        return facts
    }
}
