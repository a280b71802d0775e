/// The questions that `peakstorm backtest` asks of a history: pure computation over what was read.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/delivery_calibration.hpp"
#include "engine/delivery_time.hpp"
#include "results/backtest.hpp"
#include "scenarios/history.hpp"

namespace peakstorm::cli {

enum class Rolling { month, week };

/// A leg of the orders (engine/delivery_stages.hpp), learnt and predicted by itself.
struct StageScore {
  const char* name;   ///< "handling": order to hand-over; "transit": hand-over to door, of what is left of the promise.
  double learnt = 0;  ///< Orders learnt from.
  BacktestScore score;
};

struct Answer {
  BacktestScore score;
  /// The two legs, learnt from the same orders and scored on the same; empty where hardly a hand-over is known, and of
  /// rolling forecasts.
  std::vector<StageScore> stages;
  std::unique_ptr<const DeliveryModel> model;      ///< The last that was fitted.
  std::optional<DeliveryCalibration> calibration;  ///< Of the probabilities late; ask_structure only.
  std::uint64_t fits = 0;
  CalendarDay first = 0;  ///< Orders placed from here on were predicted ...
  CalendarDay end = 0;    ///< ... until before here.
};

/// What is not scored, though learnt from.
struct NotScored {
  std::uint64_t open_promises = 0;     ///< Promised for the file's last day or later: late or not, nobody knows.
  std::uint64_t unfinished_month = 0;  ///< Placed in a month of which the file holds a part.
};
NotScored not_scored(const HistoryReading& reading);

/// Errors of all: bad_input when too few outcomes are known at a fit, or nothing is left to be scored.
/// Fits on what was known at the start of `until`, predicts the orders from then on.
Result<Answer> ask_until(const HistoryReading& reading, CalendarDay until, const std::vector<std::string>& apart);
/// Fits on a random half of each month's sellers (an order without one is a seller of its own), predicts the others.
Result<Answer> ask_structure(const HistoryReading& reading, std::uint64_t seed, const std::vector<std::string>& apart);
/// Fits at each start of a month or week from `from` on; none: from the first month at whose start 500 outcomes are
/// known. `goes_on` is asked before each fit, with the day; false ends it early with the error interrupted.
Result<Answer> ask_rolling(const HistoryReading& reading, Rolling step, std::optional<CalendarDay> from,
                           const std::vector<std::string>& apart, const std::function<bool(CalendarDay)>& goes_on);

struct Predicted {
  std::vector<DeliveryOutlook> outlooks;  ///< Of the orders asked for, in their order.
  std::vector<PastOrder> orders;
  std::optional<ShockCourse> course;
  /// Expected deliveries by day from `first_day`, with the shock and without it (alike when there is none).
  CalendarDay first_day = 0;
  std::vector<double> deliveries;
  std::vector<double> deliveries_undisturbed;
  std::optional<CalendarDay>
      recovered;                  ///< First day from the shock's end on whose backlog is below a twentieth of a day.
  double late_without_shock = 0;  ///< Mean probability late of all, had there been none.
  std::unique_ptr<const DeliveryModel> model;
};
/// Predicts `asked`, which the history does not hold, from what was known at the start of `until`.
Result<Predicted> predict_orders(HistoryReading& reading, HistoryReading& asked, CalendarDay until,
                                 const std::optional<ShockFacts>& facts);

}  // namespace peakstorm::cli
