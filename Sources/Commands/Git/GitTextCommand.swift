import ArgumentParser
import Diffs
import Platform
import Vocabulary
import Workspaces

/// What git runs to make lines of a pointer: see 'textconv' in git's manual of attributes.
struct GitTextCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "git-text",
        abstract: "Write a pointer's content as lines for git to compare.",
        discussion: helpText(
            examples: ["git log -p -- data/flights.csv.mlstore"],
            notes: "Started by git after 'mlstore install'. Whatever is no pointer comes as it is."),
        shouldDisplay: false)

    @Argument(help: "The file, relative to where git runs.", completion: .file())
    var file: String

    @OptionGroup var common: CommonOptions

    func run() throws {
        let context = try CommandContext(common, console: Console(isJSON: false, isQuiet: false))
        let given = DiskPath(file)
        let place = given.isAbsolute ? given : try Environment.currentDirectory() / file
        let bytes = try context.disk.readFile(place, maximumBytes: LockFile.maximumBytes)
        guard try Environment.writeStandardOutput(try text(of: bytes, place, context)) else {
            throw ReaderWentAway()
        }
    }

    private func text(
        of bytes: [UInt8], _ place: DiskPath, _ context: CommandContext
    ) throws -> [UInt8] {
        let suffix = Array(Pointer.suffix.utf8)
        let name = place.lastComponent
        guard name.count > suffix.count, name.suffix(suffix.count).elementsEqual(suffix),
            let pointer = try? Pointer(parsing: bytes, file: file)
        else { return bytes }
        let content = PlainContent(
            named: Array(name.dropLast(suffix.count)), in: try context.workspace())
        return try content.text(of: pointer)
    }
}
