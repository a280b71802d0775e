/// A figure of the world that a scenario is about, published by somebody, beside which a run's own measure is put.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/time.hpp"

namespace peakstorm {

struct PublishedFigure {
  std::string figure;   ///< What it is, for people.
  bool fitted = false;  ///< Parameters of the scenario were set so that it comes out; else the run predicts it.
  std::string measure;  ///< Of the run, in whose unit `published` is.
  /// Of a rate of on-time delivery: over these services alone; empty: over all.
  std::vector<std::string> services;
  std::optional<Day> due;  ///< Likewise: due on this day.
  double published = 0;
  std::string source;
  std::string note;
};

}  // namespace peakstorm
