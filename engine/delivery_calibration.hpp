/// What a learnt model of delivery times (delivery_time.hpp) leaves over of the share late, by fortnight of the order
/// and by destination, learnt from outcomes that the model had not seen.
///
/// The model is learnt from days; a share late hangs on the slow end of them alone, and may be off in a season though
/// the days are right. So the probabilities late of a history's own orders are predicted by models that were learnt
/// without the order's seller (cross-fitting: what a seller's luck did to the model cannot be seen again in its
/// outcomes), and the log odds of being late get two families of normal effects on top of them: one a fortnight of the
/// order, first-order autoregressive, and one a destination, independent. The spread of each is estimated by EM with
/// Laplace's approximation (empirical Bayes; Laird 1978, Stiratelli, Laird & Ware 1984), so that a family which says
/// nothing ends at a spread of nothing.
///
/// It speaks of fortnights whose outcomes are known: of others it says nothing, and forecasts do not use it.
/// Pure computation; the same bits on every machine. A value that any thread may use.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/delivery_time.hpp"
#include "engine/order_history.hpp"

namespace peakstorm {

class DeliveryCalibration {
 public:
  /// Models learnt without a part of the sellers each; an order without a seller is a seller of its own.
  static constexpr int folds = 4;
  /// Share of a fortnight's deviation that is still there a fortnight later.
  static constexpr double fortnight_memory = 0.8;
  static constexpr int fortnight_days = 14;

  /// One known outcome, and what was predicted of it without it.
  struct Case {
    CalendarDay placed = 0;
    std::uint32_t to = 0;  ///< Region.
    double predicted = 0;  ///< Probability late; cut to [1e-6, 1 - 1e-6].
    bool late = false;
    double weight = 1;  ///< > 0; only the ratios between cases count.
  };
  /// Requires at least one case.
  static DeliveryCalibration of(std::span<const Case> cases);

  /// From the orders `which` whose promise had expired and which had come at the start of day `until`. None when a fold
  /// leaves fewer than DeliveryModel::orders_min deliveries. Cost: `folds` fits of the model.
  static std::optional<DeliveryCalibration> learn(const OrderHistory& history, std::span<const std::uint32_t> which,
                                                  CalendarDay until, const DeliveryFitOptions& options = {});

  /// Log odds that are added to those of being late.
  [[nodiscard]] double offset(const PastOrder& order) const;
  /// Shifts the probabilities late of every state; the days up to the promise keep their proportions to each other, and
  /// so do those after it.
  void apply(const PastOrder& order, DeliveryOutlook& outlook) const;

  [[nodiscard]] double fortnight_spread() const { return fortnight_spread_; }  ///< Standard deviations, log odds.
  [[nodiscard]] double region_spread() const { return region_spread_; }

 private:
  DeliveryCalibration() = default;
  CalendarDay first_ = 0;           ///< First day of the first fortnight.
  std::vector<double> fortnights_;  ///< Effects, log odds.
  std::vector<double> regions_;
  double fortnight_spread_ = 0;
  double region_spread_ = 0;
};

}  // namespace peakstorm
