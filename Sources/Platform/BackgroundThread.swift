private import CPlatform
import Vocabulary

/// Starts a thread that runs `body` beside the caller. Nobody waits for it: it must end by itself,
/// and a process that ends does not ask. Throws when the system refuses another thread.
package func startBackgroundThread(_ body: @escaping @Sendable () -> Void) throws {
    // The box is released by the thread, or here when there is none.
    let box = unsafe Unmanaged.passRetained(BackgroundBody(body))
    let result = unsafe mlp_start_thread(
        { context in
            guard let context = unsafe context else { return }
            unsafe Unmanaged<BackgroundBody>.fromOpaque(context).takeRetainedValue().run()
        }, box.toOpaque())
    guard result == 0 else {
        unsafe box.release()
        throw StoreError.system("cannot start a thread", subject: nil, code: -result)
    }
}

private final class BackgroundBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
