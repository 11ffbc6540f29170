// Numbers as people read them.

import Reports
import Testing

@Suite struct NumberTests {
  @Test(
    "a number has about three digits, however small",
    arguments: [
      (0, "0"), (2.862_240_5e-5, "2.86e-5"), (-1.19e-6, "-1.19e-6"), (0.000_12, "0.000120"),
      (9.999e-5, "1.00e-4"), (9.99e-5, "9.99e-5"),
      (0.0897, "0.0897"), (1.13, "1.13"), (921.4, "921"),
    ])
  func short(_ value: Double, _ wanted: String) {
    #expect(Number.short(value) == wanted)
  }

  @Test(
    "the end of a range has two digits",
    arguments: [(0, "0"), (4.79e-6, "4.8e-6"), (0.026, "0.026"), (8.3, "8.3"), (47.2, "47")])
  func rough(_ value: Double, _ wanted: String) {
    #expect(Number.rough(value) == wanted)
  }
}
