// How fast a machine reads and writes tokens, and what energy that takes.

/// Energy of a phase as power at the wall, or as energy already divided by tokens.
public enum PhaseEnergy<Value: Sendable>: Sendable {
  case watts(Value)
  case joulesPerToken(Value)
}

/// Speed and energy of prefill or of decode.
public struct PhaseThroughput<Value: Sendable>: Sendable {
  public var tokensPerSecond: Value
  public var energy: PhaseEnergy<Value>
  /// Raw tokens per second of the repetitions, for the bootstrap; empty where there are none.
  public var samples: [Double]

  public init(
    tokensPerSecond: Value, energy: PhaseEnergy<Value>, samples: [Double] = []
  ) {
    self.tokensPerSecond = tokensPerSecond
    self.energy = energy
    self.samples = samples
  }
}

/// The two phases of a model on a machine; a phase that was not measured is nil.
public struct Throughput<Value: Sendable>: Sendable {
  public var prefill: PhaseThroughput<Value>?
  public var decode: PhaseThroughput<Value>?

  public init(prefill: PhaseThroughput<Value>?, decode: PhaseThroughput<Value>?) {
    self.prefill = prefill
    self.decode = decode
  }

  public func map<Other: Sendable, Failure: Error>(
    _ pick: (Value, AssumptionField) throws(Failure) -> Other
  ) throws(Failure) -> Throughput<Other> {
    Throughput<Other>(
      prefill: try prefill?.map(
        speed: .prefillTokensPerSecond, watts: .prefillWatts, joules: .prefillJoulesPerToken,
        pick),
      decode: try decode?.map(
        speed: .decodeTokensPerSecond, watts: .decodeWatts, joules: .decodeJoulesPerToken, pick))
  }
}

extension PhaseThroughput {
  func map<Other: Sendable, Failure: Error>(
    speed: AssumptionField, watts: AssumptionField, joules: AssumptionField,
    _ pick: (Value, AssumptionField) throws(Failure) -> Other
  ) throws(Failure) -> PhaseThroughput<Other> {
    let energy: PhaseEnergy<Other> =
      switch self.energy {
      case .watts(let value): .watts(try pick(value, watts))
      case .joulesPerToken(let value): .joulesPerToken(try pick(value, joules))
      }
    return PhaseThroughput<Other>(
      tokensPerSecond: try pick(tokensPerSecond, speed), energy: energy, samples: samples)
  }
}

extension PhaseThroughput<Double> {
  var joulesPerToken: Double {
    switch energy {
    case .watts(let watts): watts / tokensPerSecond
    case .joulesPerToken(let joules): joules
    }
  }
}
