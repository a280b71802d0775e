// Goal: any text is a gate or an error that names its place; a gate that is accepted decides as it is written.
// Method: the input is an expression. What is accepted is evaluated at its limit, above it, below it, and without a
// value.
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "engine/check.hpp"
#include "results/gate.hpp"
#include "results/verdicts.hpp"

namespace {

using namespace peakstorm;

/// One measure of each unit.
const MeasureCatalogue& catalogue() {
  static const MeasureCatalogue known{{"lost_scans", Unit::count},      {"promise_kept", Unit::share},
                                      {"endpoint.p99", Unit::ms},       {"staleness.p99", Unit::minutes},
                                      {"throughput", Unit::per_second}, {"recovery_cost", Unit::cents}};
  return known;
}

GateVerdict verdict_at(const Gate& gate, double value) {
  const GateResult result = evaluate(gate, {{gate.measure, Measure{.value = value, .unit = gate.unit}}}, false);
  PEAKSTORM_CHECK(!result.message.empty(), gate.expression);
  const Check check = check_of(result);
  PEAKSTORM_CHECK(!junit_xml({&check, 1}, "fuzz").empty(), gate.expression);
  return result.verdict;
}

bool holds(Relation relation, double value, double limit) {
  switch (relation) {
    case Relation::at_least:
      return value >= limit;
    case Relation::above:
      return value > limit;
    case Relation::at_most:
      return value <= limit;
    case Relation::below:
      return value < limit;
    case Relation::equal:
      return value == limit;
    case Relation::not_equal:
      return value != limit;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string expression(reinterpret_cast<const char*>(data), size);
  const auto gate = parse_gate({expression, "world.toml", 7}, catalogue());
  if (!gate) {
    PEAKSTORM_CHECK(gate.error().kind == ErrorKind::bad_input, gate.error().message);
    PEAKSTORM_CHECK(gate.error().message.starts_with("world.toml:7: "), gate.error().message);
    return 0;
  }
  PEAKSTORM_CHECK(gate->expression == expression, gate->expression, expression);
  PEAKSTORM_CHECK(std::isfinite(gate->limit), expression, gate->limit);
  const auto known = catalogue().find(gate->measure);
  PEAKSTORM_CHECK(known != catalogue().end(), gate->measure);
  PEAKSTORM_CHECK(gate->unit == known->second, gate->measure);

  constexpr double far = std::numeric_limits<double>::max();
  for (const double value : {gate->limit, std::nextafter(gate->limit, far), std::nextafter(gate->limit, -far), 0.0}) {
    const GateVerdict expected = holds(gate->relation, value, gate->limit) ? GateVerdict::passed : GateVerdict::failed;
    PEAKSTORM_CHECK(verdict_at(*gate, value) == expected, expression, value, gate->limit);
  }
  PEAKSTORM_CHECK(evaluate(*gate, {}, false).verdict == GateVerdict::error, expression);
  PEAKSTORM_CHECK(evaluate(*gate, {{gate->measure, Measure{.value = gate->limit, .unit = gate->unit}}}, true).verdict ==
                      GateVerdict::error,
                  expression);
  return 0;
}
