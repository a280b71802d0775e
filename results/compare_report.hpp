/// A comparison for programs: one JSON object.
#pragma once

#include <string>
#include <vector>

#include "results/comparison.hpp"

namespace peakstorm {

struct ComparedPolicy {
  std::string name;
  std::string note;
  std::vector<std::string> changes;  ///< "shipper.northstar.buffer_days = 1"
};

struct CompareReport {
  std::string scenario;  ///< Name.
  std::string title;
  std::string inputs;   ///< What the statement names them by.
  std::string version;  ///< Of the program.
  std::uint64_t seed = 0;
  double scale = 1;
  ComparisonPlan plan;
  std::vector<ComparedPolicy> policies;  ///< The control first.
  Comparison found;
};

/// One object: "policies" (by policy "seasons", "pareto", "dominated_by", "eliminated", and by yardstick mean,
/// interval, difference from the control with its simultaneous interval and variance ratio), "pareto" and "selected"
/// (names), "statement", "selection" (procedure, guaranteed, delta, seasons needed), "yardsticks", "partial" and the
/// plan.
std::string comparison_json(const CompareReport& report);

}  // namespace peakstorm
