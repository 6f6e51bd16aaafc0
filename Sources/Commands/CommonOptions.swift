import ArgumentParser

/// The options that every command takes.
struct CommonOptions: ParsableArguments {
    @Option(
        name: .customShort("C"),
        help: ArgumentHelp("Run as if started in this directory.", valueName: "dir"),
        completion: .directory)
    var directory: String?

    @Flag(name: .customLong("json"), help: "Print the report as JSON.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print nothing but errors.")
    var quiet = false

    /// Moves common options that stand before the subcommand behind it, as in
    /// `mlstore -C data status`: the parser knows them only there.
    static func behindSubcommand(_ arguments: [String]) -> [String] {
        var moved: [String] = []
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            if argument == "-C", index + 1 < arguments.count {
                moved += [argument, arguments[index + 1]]
                index += 2
            } else if ["--json", "--quiet", "-q"].contains(argument) {
                moved.append(argument)
                index += 1
            } else {
                break
            }
        }
        let words = subcommandWords(arguments[index...])
        guard !moved.isEmpty, !words.isEmpty else { return arguments }
        return words + moved + arguments[(index + words.count)...]
    }

    /// The command at the head of `arguments`, with the commands below it: `remote list`.
    private static func subcommandWords(_ arguments: ArraySlice<String>) -> [String] {
        guard let first = arguments.first, !first.hasPrefix("-") else { return [] }
        var words = [first]
        var children = MLStoreCommand.configuration.allSubcommands
        for (word, next) in zip(arguments, arguments.dropFirst()) {
            let command = children.first { $0._commandName == word }
            children = command?.configuration.allSubcommands ?? []
            guard children.contains(where: { $0._commandName == next }) else { break }
            words.append(next)
        }
        return words
    }
}
