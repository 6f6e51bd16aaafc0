import Testing
import Vocabulary

@testable import dev

@Suite struct ArithmeticTests {
    @Test func `functions that round as they like are found`() {
        let symbols = """
            a.o:
            exp@GLIBC_2.29 U
            floor U
            logf U
            mlk_exponentials U
            powl U
            sqrt U
            """
        #expect(
            Arithmetic.calls(symbols) == [
                "'exp' of the C library is called", "'logf' of the C library is called",
                "'powl' of the C library is called",
            ])
        #expect(Arithmetic.calls("").isEmpty)
    }

    @Test func `fused multiply-adds are found with their function`() {
        let listing = """
            0000000000000000 <product>:
               0:\tvmulpd %zmm1,%zmm2,%zmm3
               6:\tvfmadd231pd %zmm1,%zmm2,%zmm3
               c:\tvaddpd %zmm1,%zmm2,%zmm3

            0000000000000010 <sums>:
              10:\tfmla v0.2d, v1.2d, v2.2d
              14:\tjmp 0 <vfmadd>
            """
        let found = Arithmetic.fusedOperations(listing)
        #expect(found.count == 2)
        #expect(found.first?.contains("vfmadd231pd") == true)
        #expect(found.first?.contains("<product>") == true)
        #expect(found.last?.contains("<sums>") == true)
    }

    @Test func `a digest that differs, and one that is missing, are named`() throws {
        let here = try KernelDigestList(lines: "01 a\n02 b, c\n03 d\n")
        #expect(here.differences(here).isEmpty)
        #expect(here.differences(try KernelDigestList(lines: "01 a\n12 b, c\n")) == ["b, c", "d"])
        #expect(try KernelDigestList(here.document) == here)
        #expect(throws: StoreError.self) { try KernelDigestList(lines: "01") }
    }
}
