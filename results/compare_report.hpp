/// A comparison for programs and for people: one JSON object, and one HTML page.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "results/comparison.hpp"
#include "results/league.hpp"

namespace peakstorm {

struct ComparedPolicy {
  std::string name;
  std::string note;
  std::vector<std::string> changes;  ///< "shipper.northstar.buffer_days = 1"
  bool shared = false;               ///< It rode along in seasons of the control; else each was simulated for it alone.
};

struct CompareReport {
  std::string scenario;  ///< Name.
  std::string title;
  std::string inputs;   ///< What the statement names them by.
  std::string version;  ///< Of the program.
  std::uint64_t seed = 0;
  double scale = 1;
  std::string seasons;  ///< How they were simulated, and what that leaves out: for people.
  ComparisonPlan plan;
  std::vector<ComparedPolicy> policies;  ///< The control first.
  Comparison found;
  League league;
  // Names for the league's numbers.
  std::vector<std::string> services;
  std::vector<std::string> carriers;  ///< Of the services, by ServiceId.
  std::vector<std::string> regions;
  /// Of a searched space: how many of an axis's values the points met.
  struct Axis {
    std::string name;
    std::string from;  ///< Its first value ...
    std::string to;    ///< ... and its last.
    std::size_t met = 0;
    std::size_t of = 0;
  };
  /// Points of a searched space; none when every policy was named.
  struct Explored {
    std::size_t points = 0;  ///< Among the policies.
    std::size_t of = 0;      ///< In the space.
    std::size_t unfit = 0;   ///< Of those looked at: no scenario that can run, and left out.
    std::string unfit_why;   ///< The first of them, and the first thing wrong with it; empty without any.
    std::vector<Axis> axes;
    [[nodiscard]] bool is_all() const { return points + unfit == of; }  ///< Nothing was left unseen.
  };
  std::optional<Explored> explored;
};

/// One object: "policies" (by policy "seasons", "pareto", "dominated_by", "eliminated", and by yardstick mean,
/// interval, difference from the control with its simultaneous interval and variance ratio; "shared": whether it rode
/// along), "seasons" (how they were simulated), "pareto" and "selected" (names), "statement", "selection" (procedure,
/// guaranteed, delta, seasons needed), "yardsticks", "partial" and the plan; "league" (rows, best, worst,
/// most_improved, cuts: "cut_in" is the region of a carrier left out in one alone) and "explored" of a search.
std::string comparison_json(const CompareReport& report);

/// A page that loads nothing, in English and Spanish; without its one script, which changes the language, it stays
/// English and whole. The statement, paired differences, promises against cost,
/// all policies, carriers by region, what was not explored. Light and dark, from 320 pixels' width on; every name from
/// the inputs is escaped.
std::string comparison_page(const CompareReport& report);

}  // namespace peakstorm
