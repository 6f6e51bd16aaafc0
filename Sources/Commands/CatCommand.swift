import ArgumentParser
import Bytes
import Platform
import Transfer
import Vocabulary
import Workspaces

struct CatCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat",
        abstract: "Print a tracked file, of any version, without checking it out.",
        discussion: helpText(
            examples: [
                "mlstore cat data/train.csv | head",
                "mlstore cat data/train.csv@HEAD~3",
                "mlstore cat images/cat.jpg@v1 > old-cat.jpg",
                "mlstore cat data/big.bin --range 0-1023",
                "mlstore cat origin:data/big.bin@v1 --range -4096",
                "mlstore cat s3://bucket/project:data/train.csv",
            ],
            notes: """
                Prints what the pointers say, and not what was changed since in the work tree; a \
                path in a tracked folder will do. Behind the last '@' stands a git revision or \
                snapshot; a path with an '@' in it ends with another one. In front of a ':' stands \
                where the bytes come from: the name of a remote (the pointers are this \
                workspace's), or the URL of a remote or the folder of a repository, where the path \
                is seen from its top. Without it they come from this store, and nothing is fetched.

                --range counts bytes as HTTP does: A-B with both ends, from 0; A- to the end; -N \
                the last N. An end behind the file's is the file's; where no byte is left, nothing \
                is printed and the status is 2. Of a range from a remote only the chunks it lies in \
                are read. Every chunk is checked before it is printed, all of a file also against \
                its id, at the end: where the status is not 0, what was printed may be a part.
                """))

    @Argument(
        help: ArgumentHelp("What to print.", valueName: "[place:]path[@revision]"),
        completion: .file())
    var file: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Only these bytes: A-B, A- or -N.", valueName: "bytes"))
    var range: String?

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        var options = CatOptions(range: try range.map { try ByteRange($0) })
        // The bytes may be no text, so a report in JSON tells of them only.
        options.onlyDescribes = common.json
        var address = ContentAddress(file)
        let found = try context.cat(&address, options) { piece in
            guard try Environment.writeStandardOutput(Array(piece)) else { throw ReaderWentAway() }
        }
        return Report(
            lines: [],
            json: [
                "path": .string(address.path),
                "revision": address.revision.map { .string($0) } ?? .null,
                "place": address.place.map { .string($0) } ?? .null,
                "id": .string(found.content.description), "size": JSONValue(found.sizeBytes),
                "start": JSONValue(found.range.lowerBound),
                "length": JSONValue(found.range.count), "requests": JSONValue(found.requests),
            ])
    }
}
