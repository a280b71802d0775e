/// Gates: thresholds on named measures that decide the exit code, for instance `promise_kept >= 0.9`,
/// `endpoint.p99 <= 250ms`, `lost_scans == 0`, `sent.late_share <= 1%`.
///
///     gate     := NAME relation VALUE
///     relation := >= | > | <= | < | == | !=
///     VALUE    := number with the unit of the measure; may stand in quotes
///
/// Units: a share is a number in [0, 1] or a percentage (90%); wall-clock time needs ns, us, ms or s; simulated time
/// needs m, h or d; a rate per second may end in /s; money is $12.50; a count is a bare number. Pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result.hpp"
#include "engine/world.hpp"
#include "results/measure_map.hpp"

namespace peakstorm {

enum class Relation : std::uint8_t { at_least, above, at_most, below, equal, not_equal };
inline constexpr std::array<const char*, 6> relation_names{">=", ">", "<=", "<", "==", "!="};

struct Gate {
  std::string expression;  ///< As written.
  std::string measure;
  Relation relation = Relation::at_least;
  double limit = 0;  ///< In the unit below.
  Unit unit = Unit::count;
  std::string file;  ///< Where it was written; "" for the command line.
  int line = 0;
};

/// The measures a gate may name, with their units (measures.hpp: measure_catalogue).
using MeasureCatalogue = std::map<std::string, Unit, std::less<>>;

/// Error bad_input: "FILE:LINE: gate 'EXPRESSION', column N: what is wrong; the cure". An unknown measure or unit is
/// answered with the nearest known ones.
Result<Gate> parse_gate(const GateText& text, const MeasureCatalogue& known);

enum class GateVerdict : std::uint8_t {
  passed,
  failed,
  error,  ///< The measure is absent, was not measured, or the run is partial. Never counts as passed.
};
inline constexpr std::array<const char*, 3> gate_verdict_names{"passed", "failed", "error"};

struct GateResult {
  Gate gate;
  GateVerdict verdict = GateVerdict::error;
  std::optional<double> actual;  ///< In the gate's unit.
  std::string message;           ///< One line for people: "promise_kept is 0.874, required >= 0.9".
};

/// Tests one gate. A measure that is not in `measures` or has no value is an error, never a pass; so is every gate of
/// a partial run, as what was not measured might have failed it.
GateResult evaluate(const Gate& gate, const MeasureMap& measures, bool partial);

/// True when every gate passed. No gates: true.
bool all_passed(std::span<const GateResult> results);

/// A value with its unit, as people and gates write it: "0.874", "250ms", "$12.50", "36h".
std::string format_measure(double value, Unit unit);

}  // namespace peakstorm
