import Commands

@main
struct MLStore {
    static func main() {
        endProcess(runProgram(Array(CommandLine.arguments.dropFirst())))
    }
}
