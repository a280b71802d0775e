/// What a model of delivery times is worth: predicted against actual, over orders whose outcome is known. Scores are of
/// delivered orders, late by dates; orders that never came are counted beside them. Pure computation; a Scoreboard is
/// used by one thread at a time.
///
/// Measures: mean absolute error of monthly and regional late rates (points); Kolmogorov-Smirnov distance between the
/// predicted and the actual distribution of delivered minus promised days; reliability diagram; PIT histogram for
/// integer outcomes, not randomised (Czado, Gneiting & Held 2009); pinball loss of the quantiles of the delivery day
/// (Koenker & Bassett 1978); coverage of central intervals.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/delivery_time.hpp"
#include "engine/order_history.hpp"

namespace peakstorm {

/// Rates that need no model, from what is known at the start of `until`.
class Baselines {
 public:
  static constexpr std::array<const char*, 3> names = {"rate to date", "recent rate",
                                                       "recent transit against the real promises"};
  /// Days that count as recent.
  static constexpr int recent_days = 28;
  Baselines(const OrderHistory& history, std::span<const std::uint32_t> which, CalendarDay until,
            int recent_span = recent_days);
  /// Probability late by each of `names`: the late share of all deliveries whose promise has expired; of those whose
  /// promise expired in the recent days; the share of recent deliveries to the order's region (of all regions, where it
  /// had fewer than 30) that took longer than the order's promise.
  [[nodiscard]] std::array<double, 3> late(const PastOrder& order) const;

 private:
  double to_date_ = 0;
  double recent_ = 0;
  std::map<std::uint32_t, std::vector<int>> transit_;  ///< Sorted days, by region.
  std::vector<int> all_;
};

struct RateRow {
  std::string name;  ///< "2017-11", "SP", "SP>RJ".
  double predicted = 0;
  double actual = 0;
  std::uint64_t n = 0;
  double low = 0;  ///< 90 % interval of the actual rate: state of the network and chance.
  double high = 0;
  std::array<double, 3> baselines{};
  bool apart = false;    ///< Named on the command line as not to be read from the past.
  bool counted = false;  ///< In the mean absolute error: at least `rate_orders_min` orders.
};

struct Bin {
  double predicted = 0;
  double actual = 0;
  std::uint64_t n = 0;
};

struct BacktestScore {
  std::vector<RateRow> by_month;
  std::vector<RateRow> by_region;
  std::vector<RateRow> by_lane;    ///< The largest, at most 20.
  std::vector<RateRow> by_window;  ///< Of rolling forecasts: one row a fit.
  std::uint64_t orders = 0;        ///< Scored.
  std::uint64_t never = 0;         ///< Of the same period, never delivered; not in the rates.
  double never_predicted = 0;      ///< Share, weighted.
  double never_actual = 0;
  double mae_points = 0;            ///< Of the months that count, each alike.
  double mae_points_not_apart = 0;  ///< Without the months set apart.
  double apart_share = 0;           ///< Share of the summed error that the months set apart are.
  /// What mae_points would be on average, were every probability right, and how much it would differ between samples
  /// (standard deviation): outcomes are binomial, times `cluster_effect`.
  double noise_points = 0;
  double noise_points_sd = 0;
  /// Variance of a month's number late over that of independent orders (Kish 1965): a seller's orders of a month share
  /// his luck. From the squared sums of their residuals against the sums of their squares, the month's own mean taken
  /// out; orders without a seller stand alone. At least 1.
  double cluster_effect = 1;
  double mae_points_by_region = 0;  ///< Weighted by orders.
  std::array<double, 3> baselines{};
  std::array<double, 3> baselines_not_apart{};
  double ks = 0;
  std::array<Bin, 10> reliability{};  ///< By tenths of the probability.
  double reliability_gap = 0;         ///< Largest |predicted - actual| of tenths with at least 500 orders, points.
  std::array<double, 10> pit{};       ///< Shares; 0.1 each when the distributions are right.
  static constexpr std::array<double, 4> quantiles = {0.1, 0.5, 0.9, 0.95};
  std::array<double, 4> pinball{};  ///< Mean, days.
  static constexpr std::array<double, 3> central = {0.5, 0.8, 0.9};
  std::array<double, 3> covered{};    ///< Of delivery days by central intervals, which reach at least their level.
  double mean_days_error = 0;         ///< Mean absolute error of the median day.
  std::uint64_t windows = 0;          ///< Rows of by_window (by_month where there are none) not set apart ...
  std::uint64_t windows_covered = 0;  ///< ... whose interval holds the actual rate.
};

class Scoreboard {
 public:
  static constexpr std::uint64_t rate_orders_min = 100;
  /// `apart`: months ("2017-11") whose error is told apart.
  Scoreboard(const OrderHistory& history, std::vector<std::string> apart);
  /// The windows that add() fills from now on: a rolling forecast's next fit.
  void begin_window(std::string name);
  void add(const PastOrder& order, const DeliveryOutlook& outlook, const std::array<double, 3>& baselines);
  [[nodiscard]] BacktestScore finish() const;

 private:
  struct Sum {
    double weight = 0;
    double late = 0;
    double predicted = 0;
    double variance = 0;  ///< Of the number late, given the probabilities.
    std::uint64_t n = 0;
    std::array<double, scenario_count> states{};
    std::array<double, 3> baselines{};
    void add(const PastOrder& order, const DeliveryOutlook& outlook, const std::array<double, 3>& baselines);
  };
  /// Residuals of orders that share a seller and a month; `alone`: the same sums order by order.
  struct Cluster {
    double weight = 0;
    double residual = 0;
    double alone_weight = 0;    ///< Sum of squares.
    double alone_product = 0;   ///< Weight times residual.
    double alone_residual = 0;  ///< Sum of squares.
  };
  [[nodiscard]] RateRow row_of(const std::string& name, const Sum& sum) const;
  [[nodiscard]] double cluster_effect() const;
  [[nodiscard]] bool is_apart(const std::string& month) const;

  const OrderHistory& history_;
  std::vector<std::string> apart_;
  std::map<std::string, Sum> months_;
  std::map<std::string, Sum> windows_;
  std::map<std::pair<std::string, std::uint64_t>, Cluster> clusters_;  ///< By month; seller, or a number beyond.
  std::map<std::uint32_t, Sum> regions_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Sum> lanes_;
  std::map<int, std::array<double, 2>> slack_;  ///< Delivered minus promised: predicted, actual weight.
  std::array<Sum, 10> reliability_;
  std::array<double, 10> pit_{};
  std::array<double, 4> pinball_{};
  std::array<double, 3> covered_{};
  double days_error_ = 0;
  double weight_ = 0;
  double never_predicted_ = 0;
  double never_weight_ = 0;
  double all_weight_ = 0;
  std::uint64_t never_ = 0;
  std::uint64_t orders_ = 0;
  std::string window_;
};

/// What the validation page says beside the score.
struct BacktestPage {
  std::string title;     ///< "Structure: the other half of the sellers".
  std::string history;   ///< File and its map.
  std::string question;  ///< One sentence: what was fitted on what, and what was predicted.
  std::uint64_t rows_used = 0;
  std::vector<std::pair<std::string, std::uint64_t>> set_aside;
  /// What was fitted, what predicted, and the error of each, a row a figure.
  struct Figure {
    std::string what;
    std::string kind;  ///< "fitted", "predicted", "counted".
    std::string value;
    std::string error;
  };
  std::vector<Figure> figures;
};
/// One self-contained page (HTML, inline SVG, no network): figures and their errors, months, reliability, PIT, regions.
std::string backtest_page(const BacktestPage& page, const BacktestScore& score);

/// "2017-11"
std::string month_name(CalendarDay day);
/// "2017-11-24"
std::string day_name(CalendarDay day);

}  // namespace peakstorm
