// What the program, and not the server's replies, says against a measurement.

import Endpoint
import Measurement
import Reports

enum EndpointNotes {
  static func warnings(
    _ report: EndpointReport, key: APIKey?, _ address: EndpointAddress
  ) -> [RunReport.Warning] {
    var warnings: [RunReport.Warning] = []
    if key != nil && !address.isEncrypted && !address.isLocal {
      warnings.append(
        .init(
          code: "key_unencrypted", message: "the API key was sent over http, without encryption"))
    }
    let steal = report.levels.compactMap { $0.disturbance?.stealFraction.value }.max() ?? 0
    if steal > 0.01 {
      warnings.append(
        .init(
          code: "steal",
          message:
            "the hypervisor gave \(Number.percent(steal)) of the CPU time to others (steal time)"))
    }
    return warnings
  }
}
