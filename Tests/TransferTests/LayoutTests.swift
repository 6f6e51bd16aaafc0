import Bytes
import Objects
import Remotes
import TestSupport
import Testing
import Vocabulary

@testable import Transfer

@Suite struct LayoutTests {
    private func digest(_ number: UInt8) -> Digest { sha256([number]) }

    private func samplePacks() -> [RemotePack] {
        var data = RemotePack(
            id: PackID(digest(1)), session: [UInt8](repeating: 7, count: 16), sizeBytes: 1000)
        data.append(offset: 32, length: 100, objects: [(ObjectKey(.chunk, digest(2)), 300)])
        data.append(
            offset: 140, length: 200,
            objects: [(ObjectKey(.chunk, digest(3)), 0), (ObjectKey(.chunk, digest(4)), 70_000)])
        let empty = RemotePack(
            id: PackID(digest(5)), session: [UInt8](repeating: 8, count: 16), sizeBytes: 96)
        return [data, empty]
    }

    // The vectors of docs/format/remote.md.
    @Test func `the published vectors hold`() throws {
        #expect(
            String(decoding: RemoteFormatFile.current, as: UTF8.self)
                == "{\"features\":[],\"format\":\"mlstore remote\",\"version\":1}\n")
        let state = RemoteState(
            refs: [.head: RecordID(digest(1))],
            segments: [.init(id: digest(2), sizeBytes: 161, objects: 1, sequence: 1)])
        let bytes = state.bytes(sequence: 1)
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "{\"collections\":0,\"fenced\":[],"
                + "\"index\":[{\"id\":\"\(digest(2).hex)\",\"objects\":1,\"sequence\":1,\"size\":161}],"
                + "\"lastPush\":null,\"refs\":{\"head\":\"\(digest(1).hex)\"},\"sequence\":1,"
                + "\"type\":\"mlstore state\",\"unfinished\":{},\"version\":2}\n")
        let root = RemoteRoot(
            sequence: 1, previous: nil, state: sha256(bytes),
            time: Timestamp(milliseconds: 1_767_225_600_000))
        #expect(try root.stateName().description == "state/1-\(sha256(bytes).hex)")
        #expect(
            String(decoding: root.bytes, as: UTF8.self)
                == "{\"previous\":null,\"sequence\":1,\"state\":\"\(sha256(bytes).hex)\","
                + "\"time\":\"2026-01-01T00:00:00.000Z\",\"type\":\"mlstore root\",\"version\":2}\n"
        )
        var pack = RemotePack(
            id: PackID(digest(1)), session: Array(0..<16), sizeBytes: 300)
        pack.append(offset: 32, length: 70, objects: [(ObjectKey(.chunk, digest(2)), 6)])
        #expect(
            Hex.encode(RemoteIndexFormat.encode([pack]))
                == "6d6c7372696478310200000001000000" + digest(1).hex
                + "000102030405060708090a0b0c0d0e0f" + "2c01000000000000" + "01000000"
                + "20" + "46" + "01" + "00" + "01" + digest(2).hex + "06")
    }

    @Test func `an index of version 1, without bases, is read`() throws {
        var pack = RemotePack(id: PackID(digest(1)), session: Array(0..<16), sizeBytes: 300)
        pack.append(offset: 32, length: 70, objects: [(ObjectKey(.chunk, digest(2)), 6)])
        let bytes = try #require(
            Hex.decode(
                "6d6c7372696478310100000001000000" + digest(1).hex
                    + "000102030405060708090a0b0c0d0e0f" + "2c01000000000000" + "01000000"
                    + "20" + "46" + "01" + "01" + digest(2).hex + "06"))
        #expect(try RemoteIndexFormat.decode(bytes.span) == [pack])
    }

    @Test func `what is written is read again`() throws {
        var packs = samplePacks()
        packs[0].append(
            offset: 400, length: 80, objects: [(ObjectKey(.chunk, digest(9)), 90)],
            bases: FrameBases(generation: 3, digests: [digest(2), digest(7)]))
        #expect(try RemoteIndexFormat.decode(RemoteIndexFormat.encode(packs).span) == packs)
        let root = RemoteRoot(
            sequence: 9, previous: digest(1), state: digest(2), time: Timestamp(milliseconds: 5))
        #expect(try RemoteRoot(parsing: root.bytes, on: "r") == root)
        var state = RemoteState(
            refs: [.head: RecordID(digest(1)), RefName("tags/a")!: RecordID(digest(2))],
            segments: [.init(id: digest(3), sizeBytes: 5, objects: 6, sequence: 4)])
        state.collections = 3
        state.fenced = [[UInt8](repeating: 1, count: 16), [UInt8](repeating: 2, count: 16)]
        state.unfinished = [[UInt8](repeating: 3, count: 16): 7]
        state.lastPush = RefName("pushes/x")
        let bytes = state.bytes(sequence: 8)
        #expect(try RemoteState(parsing: bytes, named: sha256(bytes), on: "r") == state)
    }

    @Test func `a state below which something is lost has a version of its own`() throws {
        var state = RemoteState(refs: [.head: RecordID(digest(1))])
        state.incomplete = [digest(2), digest(1)]
        state.awaitsLost = true
        let bytes = state.bytes(sequence: 4)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("\"version\":3}"))
        #expect(try RemoteState(parsing: bytes, named: sha256(bytes), on: "r") == state)
        let list = "[\"\(digest(1).hex)\",\"\(digest(2).hex)\"]"
        #expect(text.contains("\"awaitsLost\":true,") && text.contains("\"incomplete\":\(list),"))
        for (old, new) in [
            (list, "[]"), (list, "[\"x\"]"), (list, "null"), (":true,", ":1,"),
            ("\"version\":3", "\"version\":4"),
        ] {
            let wrong = Array(text.replacing(old, with: new).utf8)
            #expect(throws: StoreError.self, "\(new)") {
                try RemoteState(parsing: wrong, named: sha256(wrong), on: "r")
            }
        }
        state.mend([digest(1), digest(2)])
        #expect(!state.awaitsLost && state == RemoteState(refs: [.head: RecordID(digest(1))]))
    }

    @Test func `a root and a state of version 1 are read, whose files have no numbers`() throws {
        let text =
            "{\"index\":[{\"id\":\"\(digest(2).hex)\",\"objects\":1,\"size\":161}],"
            + "\"refs\":{\"head\":\"\(digest(1).hex)\"},\"type\":\"mlstore state\",\"version\":1}\n"
        let bytes = Array(text.utf8)
        let state = try RemoteState(parsing: bytes, named: sha256(bytes), on: "r")
        #expect(state.refs == [.head: RecordID(digest(1))])
        #expect(try state.segments.map { try $0.name().description } == ["idx/\(digest(2).hex)"])
        let old =
            "{\"previous\":null,\"sequence\":1,\"state\":\"\(sha256(bytes).hex)\","
            + "\"time\":\"2026-01-01T00:00:00.000Z\",\"type\":\"mlstore root\",\"version\":1}\n"
        let root = try RemoteRoot(parsing: Array(old.utf8), on: "r")
        #expect(try root.stateName().description == "state/\(sha256(bytes).hex)")
        for text in ["state/\(digest(1).hex)", "idx/12-\(digest(1).hex)", "packs/1", "idx/x-y"] {
            let found = RemoteLayout.sequence(of: try RemoteFileName(validating: text))
            #expect(found == ["state/": 0, "idx/12": 12][text.prefix(6)])
        }
    }

    @Test func `no damaged index is believed or crashes the reader`() throws {
        let bytes = RemoteIndexFormat.encode(samplePacks())
        for length in 0..<bytes.count {
            #expect(throws: DecodeError.self) {
                try RemoteIndexFormat.decode(Array(bytes[..<length]).span)
            }
        }
        var random = SmallRandom(seed: 3)
        for _ in 0..<20_000 {
            var copy = bytes
            for _ in 0...random.integer(in: 0..<4) {
                copy[random.integer(in: 0..<copy.count)] = UInt8(random.integer(in: 0..<256))
            }
            guard let packs = try? RemoteIndexFormat.decode(copy.span) else { continue }
            for pack in packs {
                for frame in 0..<pack.frameCount {
                    #expect(pack.range(ofFrame: frame).upperBound <= pack.sizeBytes)
                    #expect(!pack.objects(ofFrame: frame).isEmpty)
                }
            }
        }
    }

    @Test(arguments: [
        "", "{}", "[]", "{\"type\":\"mlstore root\",\"version\":1}",
        "{\"previous\":null,\"sequence\":0,\"state\":\"\",\"time\":\"\",\"type\":\"mlstore root\",\"version\":1}",
    ])
    func `a root of another shape is damage`(text: String) throws {
        let error = #expect(throws: StoreError.self) {
            try RemoteRoot(parsing: Array(text.utf8), on: "r")
        }
        #expect(error?.kind == .corrupt)
    }

    @Test func `close frames are asked for together, distant and large ones are not`() {
        var pack = RemotePack(id: PackID(.zero), session: [], sizeBytes: 1 << 30)
        let offsets = [32, 100, 50_000, 400_000, 9_000_000, 17_000_000]
        for (number, offset) in offsets.enumerated() {
            let length = offset == 400_000 ? 8_550_000 : 60
            pack.append(
                offset: offset, length: length,
                objects: [(ObjectKey(.chunk, digest(UInt8(number))), 1)])
        }
        var index = RemoteIndex()
        index.add([pack])
        let keys = (0..<6 as Range<UInt8>).map { ObjectKey(.chunk, digest($0)) }
        let requests = FetchPlan.requests(for: keys.reversed(), in: index)
        #expect(requests.map(\.frames) == [[0, 1, 2], [3], [4], [5]])
        #expect(requests[0].range == 32..<50_060)
        #expect(FetchPlan.requests(for: [ObjectKey(.record, digest(0))], in: index).isEmpty)
    }

    @Test func `refs come out as whoever moved wants it, or as a conflict`() {
        let (a, b, c) = (RecordID(digest(1)), RecordID(digest(2)), RecordID(digest(3)))
        func decide(
            _ local: RecordID?, _ remote: RecordID?, _ base: RecordID?, name: RefName = .head,
            follows: @escaping (RecordID, RecordID) -> Bool = { _, _ in false }
        ) -> RefMerge {
            RefMerge.decide(name, local: local, remote: remote, base: base, follows: follows)
        }
        #expect(decide(nil, nil, nil) == .equal && decide(a, a, b) == .equal)
        #expect(decide(a, nil, nil) == .takeLocal && decide(nil, a, nil) == .takeRemote)
        #expect(decide(b, a, a) == .takeLocal && decide(a, b, a) == .takeRemote)
        #expect(decide(b, c, a) == .conflict && decide(b, c, nil) == .conflict)
        #expect(decide(b, a, nil, follows: { $0 == b && $1 == a }) == .takeLocal)
        #expect(decide(a, b, nil, follows: { $0 == b && $1 == a }) == .takeRemote)
        // Where history tells, it is believed rather than memory: nobody takes a step back.
        #expect(decide(a, b, b, follows: { $0 == b && $1 == a }) == .takeRemote)
        #expect(decide(a, b, nil, name: .recipe(RecipeKey(digest(9)))) == .takeRemote)
    }
}
