import Testing
import Vocabulary

@Suite struct NumberTests {
    @Test(arguments: [
        (0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567"),
        (Int.min, "-9,223,372,036,854,775,808"),
    ])
    func `digits are grouped by thousands`(number: Int, text: String) {
        #expect(groupedDigits(number) == text)
    }
}
