/// How many requests per second are meant to leave, over time: steps and ramps.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result.hpp"

namespace peakstorm {

/// Requests per second as they are meant to change: pieces one after the other, each held or going in a straight line
/// from one rate to another. After the last piece its last rate stays. Values.
class RateProfile {
 public:
  struct Piece {
    double from = 0;  ///< Requests per second; > 0.
    double to = 0;    ///< The same for a step, another for a ramp.
    double seconds = std::numeric_limits<double>::infinity();
    bool operator==(const Piece&) const = default;
  };

  RateProfile() = default;
  static RateProfile constant(double rate) { return RateProfile({{rate, rate}}); }
  /// "500" (held), "200:10s,400:10s,800" (steps), "100-2000:60s" (a ramp), and any of them joined by commas; the last
  /// piece may go without a length. Errors: bad_input, naming the piece and the cure.
  static Result<RateProfile> parse(std::string_view text);

  [[nodiscard]] bool empty() const { return pieces_.empty(); }
  /// Seconds until item `n` (from 0) is due: when the integral of the rate reaches n. Requires: not empty.
  [[nodiscard]] double seconds_until(double n) const;
  [[nodiscard]] double highest() const;
  /// As `parse` reads it.
  [[nodiscard]] std::string text() const;
  bool operator==(const RateProfile&) const = default;

 private:
  explicit RateProfile(std::vector<Piece> pieces);
  struct Begin {
    double at = 0;     // Seconds.
    double items = 0;  // Due before it.
    bool operator==(const Begin&) const = default;
  };
  std::vector<Piece> pieces_;
  std::vector<Begin> begins_;  // One for each piece.
};

}  // namespace peakstorm
