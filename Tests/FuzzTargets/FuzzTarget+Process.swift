import Platform

extension FuzzTarget {
    /// The variable in which `dev fuzz` names the target.
    package static let variable = "MLSTORE_FUZZ_TARGET"

    /// The target that the environment names; ends the process where there is none.
    package static func ofEnvironment() -> FuzzTarget {
        let name = Environment.variables[variable] ?? ""
        guard let target = all.first(where: { $0.name == name }) else {
            preconditionFailure("no fuzz target '\(name)'")
        }
        return target
    }

    /// Feeds the parser and traps where its result is wrong: that is how libFuzzer is told.
    package func tryOrTrap(_ bytes: [UInt8]) {
        do throws(WrongResult) {
            _ = try reads(bytes)
        } catch {
            print(error)
            preconditionFailure(error.description)
        }
    }
}
