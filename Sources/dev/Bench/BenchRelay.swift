import Platform
import Vocabulary

/// A way to a server on loopback that is as long and as narrow as a link: what goes through arrives a while
/// later, and no more bytes in a second than it takes, each way. Stopped when this is let go.
///
/// A relay and not `tc netem`, which needs root, and a kernel that has it.
final class BenchRelay {
    /// The URL of the server through it.
    let endpoint: String
    private let process: ConnectedProcess

    /// Before `url`, in the shape `http://host:port`.
    init(to url: String, oneWayMilliseconds: Int, bytesPerSecond: Int, in folder: DiskPath) throws {
        process = try ConnectedProcess(
            arguments: [
                "python3", "-u", "-c", BenchRelay.program,
                String(url.split(separator: ":").last ?? ""), "\(oneWayMilliseconds)",
                "\(bytesPerSecond)",
            ], directory: folder)
        var said: [UInt8] = []
        while !said.contains(0x0a), let more = process.readSome(maximum: 64) { said += more }
        guard let port = Int(String(decoding: said.prefix { $0 != 0x0a }, as: UTF8.self)) else {
            throw StoreError(.io, "the relay did not start: python3 is needed")
        }
        endpoint = "http://127.0.0.1:\(port)"
    }

    deinit {
        process.terminate()
        _ = process.finish()
    }

    /// A connection is made when both ends would know of it; of each way the pieces wait for their turn on
    /// the link, which all connections share, and then for the way.
    private static let program = """
        import asyncio, sys
        port, delay, rate = int(sys.argv[1]), int(sys.argv[2]) / 1000, int(sys.argv[3])
        free = [0.0, 0.0]
        async def pump(reader, writer, way):
            loop, queue = asyncio.get_running_loop(), asyncio.Queue(4096)
            async def deliver():
                while True:
                    due, data = await queue.get()
                    await asyncio.sleep(max(0, due - loop.time()))
                    if not data: break
                    writer.write(data)
                    await writer.drain()
                writer.close()
            task = asyncio.create_task(deliver())
            try:
                while True:
                    data = await reader.read(16384)
                    free[way] = max(loop.time(), free[way]) + len(data) / rate
                    await queue.put((free[way] + delay, data))
                    if not data: break
                    await asyncio.sleep(max(0, free[way] - loop.time() - 0.01))
                await task
            except OSError: task.cancel()
        async def serve(reader, writer):
            await asyncio.sleep(2 * delay)
            far_reader, far_writer = await asyncio.open_connection('127.0.0.1', port)
            await asyncio.gather(pump(reader, far_writer, 0), pump(far_reader, writer, 1))
        async def main():
            server = await asyncio.start_server(serve, '127.0.0.1', 0)
            print(server.sockets[0].getsockname()[1])
            await server.serve_forever()
        asyncio.run(main())
        """
}
