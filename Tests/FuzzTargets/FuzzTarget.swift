import Bytes
import Platform
import Tables
import Vocabulary

/// A parser of bytes from outside, to be fed with anything.
///
/// To add one: a line in a list of targets, and a folder of seeds in fixtures/fuzz.
package struct FuzzTarget: Sendable {
    /// Its name, and that of its folder of seeds.
    package let name: String
    /// An input that is read, made by this program; nil where the folder of seeds has some.
    package let sample: (@Sendable () throws -> [UInt8])?
    /// Whether what the parser is made of is there.
    package let canRun: @Sendable () -> Bool
    /// Parses. Makes checksums right first, so that the parser and not the checksum has to cope.
    /// Throws what the parser throws, or `WrongResult`.
    private let parse: @Sendable ([UInt8]) throws -> Void

    init(
        _ name: String, sample: (@Sendable () throws -> [UInt8])? = nil,
        needs canRun: @escaping @Sendable () -> Bool = { true },
        _ parse: @escaping @Sendable ([UInt8]) throws -> Void
    ) {
        self.name = name
        self.sample = sample
        self.canRun = canRun
        self.parse = parse
    }

    /// All of them.
    package static let all: [FuzzTarget] =
        objectTargets + storeTargets + textTargets + workspaceTargets + remoteTargets
        + framingTargets + bucketTargets + pipelineTargets + tableTargets

    /// Feeds the parser; returns whether it could read the bytes. Throws `WrongResult` where it
    /// returned or threw what it must not.
    package func reads(_ bytes: [UInt8]) throws(WrongResult) -> Bool {
        do {
            try parse(bytes)
            return true
        } catch let wrong as WrongResult {
            throw wrong
        } catch let error as StoreError {
            // A fault of this program is none of the bytes.
            guard error.kind != .internalFault else { throw WrongResult("\(name): \(error)") }
            return false
        } catch is DecodeError {
            return false
        } catch is YAMLError {
            return false
        } catch is TableError {
            return false
        } catch { throw WrongResult("\(name): an error of another type: \(error)") }
    }
}

/// What a parser said that is not so.
package struct WrongResult: Error, CustomStringConvertible {
    /// What, in words.
    package let description: String

    init(_ description: String) { self.description = description }
}

/// Throws `WrongResult` unless `condition` is true.
func require(
    _ condition: Bool, _ what: @autoclosure () -> String
) throws(WrongResult) {
    guard condition else { throw WrongResult(what()) }
}
