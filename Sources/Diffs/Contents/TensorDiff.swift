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

/// Compares two archives of arrays, array by array; nil where a version is none. Arrays that are packed
/// are inflated where their packed bytes are not known to be the same.
func diffArchives(_ old: ByteAccess, _ new: ByteAccess) throws -> PartsDiff? {
    guard let before = try arrays(old), let after = try arrays(new) else { return nil }
    var diff = PartsDiff("NPZ")
    for name in Set(before.keys).union(after.keys).sorted() {
        let (left, right) = (before[name], after[name])
        let tensors = try [left, right].map { member in
            try member.flatMap { try TensorFile($0.bytes)?.tensors["array"] }
        }
        var part = PartsDiff.Part(
            name: name, old: left.map { _ in tensors[0]?.description ?? "no array" },
            new: right.map { _ in tensors[1]?.description ?? "no array" }, isValue: false)
        if let left, let right, part.old == part.new {
            guard let note = try change(left, right, tensors, old, new) else {
                diff.equalCount = (diff.equalCount ?? 0) + 1
                continue
            }
            part.note = note
        }
        diff.add(part)
    }
    return diff
}

private func arrays(_ file: ByteAccess) throws -> [String: NPZArchive.Member]? {
    guard try NPZArchive.mayBe(file.ranges) else { return nil }
    do {
        let members = try NPZArchive(file.ranges).members
        return Dictionary(members.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    } catch is TableError {
        return nil
    }
}

/// How an array changed that both have with the same type and shape; nil where it did not.
private func change(
    _ left: NPZArchive.Member, _ right: NPZArchive.Member, _ tensors: [TensorFile.Tensor?],
    _ old: ByteAccess, _ new: ByteAccess
) throws -> String? {
    if left.isStored == right.isStored, let parts = old.makeup(of: left.range),
        parts == new.makeup(of: right.range)
    {
        return nil
    }
    guard let before = tensors[0], let after = tensors[1], before.type == after.type,
        before.isFortranOrder == after.isFortranOrder
    else { return "its bytes differ" }
    let areStored = left.isStored && right.isStored
    var change =
        areStored
        ? TensorChange(
            before.shifted(by: left.range.lowerBound), after.shifted(by: right.range.lowerBound))
        : TensorChange(before, after)
    let differs =
        areStored
        ? try change.measure(old, new)
        : try change.measure(ByteAccess(left.bytes), ByteAccess(right.bytes))
    return differs ? change.sentence : nil
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
