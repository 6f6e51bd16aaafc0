import Bytes
import Platform
import Vocabulary

/// The program that `mlstore serve` becomes. Its one argument is what that command understood, as
/// JSON: so there is one place that reads a person's arguments.
@main
struct Serving {
    static func main() async {
        do {
            guard CommandLine.arguments.count == 2 else {
                throw StoreError(
                    .badUsage, "this program is a part of mlstore and not called by itself",
                    advice: "run 'mlstore serve --help'")
            }
            let settings = try ServiceSettings(parsing: Array(CommandLine.arguments[1].utf8))
            try await Service(settings).run()
            Environment.endProcess(0)
        } catch let error as StoreError {
            tell(error)
        } catch {
            tell(StoreError(.io, "cannot serve: \(error)"))
        }
    }

    private static func tell(_ error: StoreError) -> Never {
        var lines = ["error: \(error.message)"]
        if let advice = error.advice { lines.append("hint: \(advice)") }
        Environment.writeStandardError(Array((lines.joined(separator: "\n") + "\n").utf8))
        Environment.endProcess(error.kind == .badUsage ? 2 : 1)
    }
}
