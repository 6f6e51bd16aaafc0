import Bytes
import Testing

@Suite struct PercentEncodingTests {
    @Test func `every byte comes back`() {
        let all = Array(UInt8.min...UInt8.max)
        for kept in ["", "/", "/+="] {
            let text = PercentEncoding.encode(all, keeping: kept)
            #expect(PercentEncoding.decode(text) == all)
            #expect(text.utf8.allSatisfy { (0x21...0x7e).contains($0) })
        }
        #expect(PercentEncoding.encode("a/b c~é".utf8) == "a%2Fb%20c~%C3%A9")
        #expect(PercentEncoding.encode("a/b".utf8, keeping: "/") == "a/b")
    }

    @Test(arguments: ["%", "%4", "a%zz", "%-1", "%+1"])
    func `half an escape is none`(text: String) { #expect(PercentEncoding.decode(text) == nil) }
}
