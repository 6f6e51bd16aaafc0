internal import CPlatform
import Vocabulary

/// Kills a child and all of its process group when this program is gone, however it went.
///
/// It is the group's first process, a shell that waits for the end of a pipe of which only this
/// program has the other end. The child joins the group at its start, so at no moment is it alone.
struct ChildGuard {
    /// The group, also the guard's process id.
    let group: Int32
    private let pipe: Int32

    /// Signals that this program passes on to the group are not meant for it.
    private static let script = "trap '' HUP INT QUIT TERM; read -r line; kill -KILL 0"

    /// Starts a guard in a group of its own; a millisecond or so.
    init() throws {
        var (read, write): (Int32, Int32) = (-1, -1)
        _ = try checked(
            unsafe mlp_pipe_to_child(&read, &write), "make a pipe for", DiskPath("a child"))
        defer { mlp_close(read) }
        do {
            let nowhere = DiskPath("/dev/null")
            let output = try checked(
                unsafe mlp_open_for_output(nowhere.bytes, nowhere.bytes.count), "open", nowhere)
            defer { mlp_close(output) }
            group = try spawn(
                ["/bin/sh", "-c", ChildGuard.script].map { Array($0.utf8) }, [:],
                in: DiskPath("/"),
                mlp_child(input: read, output: output, error: output, kept: -1, group: 0))
        } catch {
            mlp_close(write)
            throw error
        }
        pipe = write
    }

    /// Kills what is left of the group, and is no more.
    func end() {
        mlp_kill_group(group, 9)
        var ending = mlp_exit()
        _ = unsafe mlp_wait(group, 1, &ending)
        mlp_close(pipe)
    }
}
