import Bytes

/// A safetensors file of bf16 tensors, with a header that may grow.
package func safetensors(_ tensors: [[UInt8]], note: String = "") -> [UInt8] {
    var members = ["\"__metadata__\":{\"note\":\"\(note)\"}"]
    var offset = 0
    for (index, tensor) in tensors.enumerated() {
        members.append(
            "\"layer.\(index)\":{\"dtype\":\"BF16\",\"shape\":[\(tensor.count / 2)],"
                + "\"data_offsets\":[\(offset),\(offset + tensor.count)]}")
        offset += tensor.count
    }
    let header = "{\(members.joined(separator: ","))}"
    var writer = ByteWriter()
    writer.append(uint64: UInt64(header.utf8.count))
    writer.append(text: header)
    return writer.bytes + tensors.flatMap { $0 }
}

/// Each weight by a step of its last bit up or down, or left as it is.
package func nudged(_ tensor: [UInt8], _ random: inout SmallRandom) -> [UInt8] {
    var tensor = tensor
    for index in stride(from: 0, to: tensor.count, by: 2) where random.once(in: 2) {
        tensor[index] ^= 1
    }
    return tensor
}
