import ArgumentParser
import Platform
import Vocabulary

/// Runs the program on `arguments` (without its own name) and returns the status to exit with.
package func runProgram(_ arguments: [String]) -> Int32 {
    // Asked for by scripts in loops, so it pays for no parser.
    if arguments == ["--version"] { return printVersion() }
    let arguments = CommonOptions.behindSubcommand(arguments)
    let command: any ParsableCommand
    do {
        try refuseUnknownSubcommand(arguments)
        command = try MLStoreCommand.parseAsRoot(arguments)
    } catch {
        return ending(unparsed: error, arguments)
    }
    return perform(command, arguments)
}

private func printVersion() -> Int32 {
    do {
        try Console.writeOutput("mlstore \(programVersion)")
        return ExitStatus.done.rawValue
    } catch {
        return ending(error, [])
    }
}

private func perform(_ command: any ParsableCommand, _ arguments: [String]) -> Int32 {
    var command = command
    SignalWatch.install()
    do {
        try command.run()
        return ExitStatus.done.rawValue
    } catch let error
        where error is ValidationError || MLStoreCommand.exitCode(for: error) == .success
    {
        // Among them a request for help, which the parser turns into a command of its own.
        return ending(unparsed: error, arguments)
    } catch {
        return ending(error, arguments)
    }
}

/// Tells why a command that ran has failed.
private func ending(_ error: any Error, _ arguments: [String]) -> Int32 {
    if let code = error as? ExitCode { return code.rawValue }
    if error is ReaderWentAway { return ExitStatus.brokenPipe.rawValue }
    let told =
        error as? StoreError
        ?? StoreError(
            .internalFault, "mlstore met a fault of its own: \(error)",
            advice: "please report it with the command that you typed")
    return Console.tell(told, asJSON: arguments.contains("--json")).rawValue
}

/// Tells why the arguments were not understood, or prints the help that was asked for.
private func ending(unparsed error: any Error, _ arguments: [String]) -> Int32 {
    if let error = error as? StoreError { return ending(error, arguments) }
    if MLStoreCommand.exitCode(for: error) == .success {
        do {
            try Console.writeOutput(MLStoreCommand.fullMessage(for: error))
            return ExitStatus.done.rawValue
        } catch {
            return ending(error, arguments)
        }
    }
    let message = MLStoreCommand.message(for: error)
    return ending(badUsage(message, typed: typedCommand(arguments)), arguments)
}

/// The parser's sentence in the form of ours.
private func badUsage(_ message: String, typed: String) -> StoreError {
    var sentence = message.split(separator: "\n").first.map(String.init) ?? message
    if sentence.hasPrefix("Error: ") { sentence.removeFirst("Error: ".count) }
    let help = "'\(typed) --help' tells what it takes, with examples"
    var advice = help
    if let question = sentence.firstRange(of: ". Did you mean ") {
        advice = "did you mean \(sentence[question.upperBound...]) \(help)"
        sentence = String(sentence[..<question.lowerBound])
    }
    if let request = sentence.firstRange(of: ". Please provide one of ") {
        var choice = sentence[request.upperBound...]
        while choice.last == "." { choice.removeLast() }
        advice = "use one of \(choice); \(help)"
        sentence = String(sentence[..<request.lowerBound])
    }
    while sentence.last == "." { sentence.removeLast() }
    if let first = sentence.first { sentence = first.lowercased() + sentence.dropFirst() }
    return StoreError(.badUsage, sentence, advice: advice, safety: "nothing was done")
}

/// The command and subcommands that stand at the head of the arguments.
private func typedCommand(_ arguments: [String]) -> String {
    var words = ["mlstore"]
    var children = MLStoreCommand.configuration.allSubcommands
    for argument in arguments {
        guard let child = children.first(where: { $0._commandName == argument }) else { break }
        words.append(argument)
        children = child.configuration.allSubcommands
    }
    return words.joined(separator: " ")
}

/// The parser would call a misspelt command an unexpected argument.
private func refuseUnknownSubcommand(_ arguments: [String]) throws {
    var configuration = MLStoreCommand.configuration
    var above = "mlstore"
    for typed in arguments {
        let commands = configuration.allSubcommands
        guard !commands.isEmpty, !typed.hasPrefix("-"), typed != "help" else { return }
        guard let command = commands.first(where: { $0._commandName == typed }) else {
            // 'mlstore schema PATH': the word is what the default command is about.
            if configuration.defaultSubcommand == SchemaShowCommand.self { return }
            throw unknownSubcommand(typed, of: configuration, above: above)
        }
        configuration = command.configuration
        above += " " + typed
    }
}

private func unknownSubcommand(
    _ typed: String, of configuration: CommandConfiguration, above: String
) -> StoreError {
    let shown = configuration.allSubcommands.filter { $0.configuration.shouldDisplay }
    let near = nearest(typed, in: shown.map { $0._commandName })
    let whole = String((above + " " + typed).dropFirst("mlstore ".count))
    return StoreError(
        .badUsage, "there is no command '\(printable(Array(whole.utf8)))'", subject: whole,
        advice: near.map { "did you mean '\(above) \($0)'?" }
            ?? "'\(above) --help' lists the commands",
        safety: "nothing was done")
}

extension CommandConfiguration {
    /// All subcommands, grouped or not, in the order of the list.
    var allSubcommands: [any ParsableCommand.Type] {
        ungroupedSubcommands + groupedSubcommands.flatMap(\.subcommands)
    }
}

/// Ends the process with `status`; what is buffered is written first. The parser has a call for it
/// too, but that looks for conformances all over the program, which takes half a millisecond.
package func endProcess(_ status: Int32) -> Never { Environment.endProcess(status) }
