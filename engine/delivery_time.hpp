/// When an order comes, learnt from past orders: a discrete-time hazard model with a share that never comes.
///
/// Each order under way is delivered on calendar day t, given that it was not before, with probability
/// h = 1 / (1 + exp(-eta)), eta a sum of one effect per factor (a generalised additive model on categories; discrete
/// hazards: Singer & Willett 1993; mixture cure models: Berkson & Gage 1952, Sy & Taylor 2000):
///   - how far the order is along its promise (day / promised lead) and its age in days: promise and transit go
///     together, because the promise knows the lane, so transit is learnt given the promise;
///   - the promised lead, the weekday and holidays of day t, weekday and hour of the order, destination, origin within
///     or across regions, distance, which clock started it, the seller (gamma-Poisson shrinkage);
///   - the state of the network in the week of day t, a random walk whose step is estimated from the data.
/// Effects of ordered levels are held together by a first-difference penalty, others are shrunk towards zero (penalised
/// maximum likelihood by Newton's method). Orders still under way at the time of the fit count for the days they have
/// waited (censoring); by EM they count as coming only as far as they may still come.
/// Beyond the last week that was seen the state falls back towards its long-run mean, and its uncertainty grows: a
/// prediction is a mixture over `scenario_count` equally likely states of the network.
///
/// Pure computation; the same bits on every machine (portable_math.hpp). Fitting and predicting touch no shared state.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/order_history.hpp"

namespace peakstorm {

/// Equally likely states of the network in a prediction.
inline constexpr int scenario_count = 9;

struct DeliveryFitOptions {
  /// Share of the network's deviation that is still there a week later, when nothing more is known of it.
  double week_memory = 0.92;
  /// Weight of the last week in the state that is carried forward: 1, the last week's alone; the rest goes to the weeks
  /// before it, each with (1 - weight) times the weight of the next. A single bad week is no trend.
  double last_week_weight = 0.4;
  /// Smallest and largest step of the weekly state that is believed (log odds of a day's delivery).
  double week_step_min = 0.05;
  double week_step_max = 0.30;
  /// How far promises that change for everybody go with transit: 1, a promise that shrinks by a tenth says that transit
  /// does so too; 0, only the order's promise relative to its week's says anything.
  double promise_pass_through = 0.15;
  int newton_steps = 12;  ///< At most, for each of the EM rounds.
  int em_rounds = 2;
};

/// Sets PastOrder::promise_level of all: the weighted mean lead of the orders placed in the four weeks that end with
/// the day of the order, known when it is placed.
void set_promise_levels(std::span<PastOrder> history, std::span<PastOrder> more = {});

/// A disturbance of the network on known days: the daily chance of delivery is multiplied.
struct DeliveryShock {
  CalendarDay first = 0;
  std::vector<double> factor;  ///< By day from `first`; each in [0, 10].
};

/// What is predicted for one order.
struct DeliveryOutlook {
  /// P(delivered after the promised day | delivered at all), for each state of the network, from slow to fast.
  std::array<double, scenario_count> late{};
  double late_mean = 0;        ///< Their mean: the probability to report.
  double never = 0;            ///< P(never delivered).
  std::vector<double> by_day;  ///< P(delivered on or before day `placed + i` | delivered at all); non-decreasing, to 1.
  /// First day on or before which it comes with probability >= q. Requires 0 < q < 1.
  [[nodiscard]] int quantile(double q) const;
};

class DeliveryModel {
 public:
  /// Learns from the orders `which` (indices) what was known at the start of day `until`: orders placed before it, and
  /// of those, deliveries before it. None when fewer than `orders_min` deliveries are known.
  static constexpr int orders_min = 100;
  static std::unique_ptr<const DeliveryModel> fit(const OrderHistory& history, std::span<const std::uint32_t> which,
                                                  CalendarDay until, const DeliveryFitOptions& options = {});
  ~DeliveryModel();
  DeliveryModel(const DeliveryModel&) = delete;
  DeliveryModel& operator=(const DeliveryModel&) = delete;

  /// Of an order of the same history, or of one whose regions and sellers are numbered alike (numbers beyond those of
  /// the fit count as unknown). Cost: the order's days times the states.
  [[nodiscard]] DeliveryOutlook predict(const PastOrder& order, const DeliveryShock* shock = nullptr) const;

  struct Effect {
    const char* factor;
    int level;
    double value;  ///< Log odds of a day's delivery.
    double days;   ///< Order-days it rests on, weighted.
  };
  /// Every effect but the sellers'.
  [[nodiscard]] std::vector<Effect> effects() const;
  [[nodiscard]] double week_step() const;        ///< Estimated step of the weekly state.
  [[nodiscard]] double never_share() const;      ///< Share of orders that never come.
  [[nodiscard]] double mean_days() const;        ///< Mean time to delivery of the deliveries learnt from, days.
  [[nodiscard]] double learnt_orders() const;    ///< Orders learnt from.
  [[nodiscard]] double learnt_censored() const;  ///< Of those, still under way.
  [[nodiscard]] bool converged() const;

 private:
  struct Inside;
  explicit DeliveryModel(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace peakstorm
