/// Many policies on the same seasons: how much better than the control, which are worth a look at all, and which is the
/// best, each with what is certain about it. results/COMPARE.md has the method, its formulas and sources.
///
/// A season is one replication: replication r of every policy has the same demand, weather and luck (common random
/// numbers), so that policies are compared pair by pair. The unit of all statistics is the season, never the parcel: a
/// yardstick's value is its ratio over one season, and every season counts the same.
///
/// Pure and from one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "results/interval.hpp"
#include "results/selection.hpp"

namespace peakstorm {

/// What policies are measured by: of the retailers' orders placed on the measured days.
enum class Yardstick : std::uint8_t {
  promise_kept,        ///< Kept first promises over kept and broken ones: on_time.promise.
  cost_per_order,      ///< Carriage, further attempts, recovery and contacts, US dollars per order.
  promised_days,       ///< Mean days from order to the first promised date, local to the destination.
  delivered_days,      ///< Mean days from order to delivery, over delivered parcels only.
  contacts_per_order,  ///< Mean contacts of shoppers per order.
  nps,             ///< Share of promoters less that of detractors among who answers, times 100 (engine/loyalty.hpp).
  lifetime_value,  ///< Margin of a shopper's next year, US dollars per order (likewise).
};
inline constexpr std::size_t yardsticks = 7;
struct YardstickInfo {
  const char* name;
  const char* unit;
  bool larger_is_better;
  double indifference;  ///< Default of the smallest difference that matters.
};
inline constexpr std::array<YardstickInfo, yardsticks> yardstick_infos{{{"promise_kept", "share", true, 0.005},
                                                                        {"cost_per_order", "dollars", false, 0.05},
                                                                        {"promised_days", "days", false, 0.05},
                                                                        {"delivered_days", "days", false, 0.05},
                                                                        {"contacts_per_order", "count", false, 0.005},
                                                                        {"nps", "points", true, 0.5},
                                                                        {"lifetime_value", "dollars", true, 0.05}}};
constexpr const YardstickInfo& info_of(Yardstick y) {
  return yardstick_infos[static_cast<std::size_t>(y)];
}
/// Between these a policy is judged: nobody has to weigh dollars against days.
inline constexpr std::array<Yardstick, 3> pareto_yardsticks{Yardstick::promise_kept, Yardstick::cost_per_order,
                                                            Yardstick::promised_days};

/// One season of one policy, in whole numbers, so that it survives a file unchanged.
struct SeasonSums {
  std::uint64_t orders = 0;
  std::uint64_t kept = 0;
  std::uint64_t broken = 0;
  std::int64_t shipping_cents = 0;
  std::int64_t recovery_cents = 0;
  std::int64_t contact_cents = 0;
  std::uint64_t contacts = 0;
  std::uint64_t promised = 0;  ///< Orders with a promise.
  std::int64_t promised_days = 0;
  std::uint64_t delivered = 0;
  std::int64_t delivered_days = 0;
  std::int64_t extra_attempt_cents = 0;
  // Expected values, rounded to whole millionths and cents; all 0 when the loyalty model is off.
  std::uint64_t loyal_orders = 0;
  std::int64_t happy_millionths = 0;
  std::int64_t unhappy_millionths = 0;
  std::int64_t answers_millionths = 0;
  std::int64_t lifetime_cents = 0;
  bool operator==(const SeasonSums&) const = default;
  /// None when nothing was counted.
  [[nodiscard]] std::optional<double> value(Yardstick y) const;
};

struct ComparisonPlan {
  std::size_t least = 10;            ///< Seasons of every policy before the first look; also the first stage.
  std::size_t most = 1'000;          ///< Seasons after which nobody runs any more.
  std::optional<std::size_t> fixed;  ///< Instead of a rule: every policy runs so many.
  double precision = 0.005;          ///< Half width of the difference from the control to reach, by `best`.
  double delta = 0.005;              ///< Smallest difference by `best` that matters.
  double level = 0.95;
  Yardstick best = Yardstick::promise_kept;
};

/// How the best is found. By the number of policies: up to 20, up to 500, more.
enum class Procedure : std::uint8_t {
  two_stage,   ///< two_stage_replications().
  kim_nelson,  ///< KimNelson with variances of the first stage.
  screened,    ///< The first stage leaves out who cannot be the best, at half the risk; two stages among the others.
};
inline constexpr std::array<const char*, 3> procedure_names{"two_stage_bonferroni", "kim_nelson",
                                                            "screen_then_two_stage"};
inline constexpr std::size_t two_stage_max = 20;
inline constexpr std::size_t kim_nelson_max = 500;
Procedure procedure_for(std::size_t policies);

/// Systems that stay: all but those that another one beats by more than chance in the first stage, so that the best
/// stays with probability at least 1 - alpha: mean_i >= mean_l - t(1 - alpha / (k - 1), n - 1) S_il / sqrt(n) for all l
/// (Nelson, Swann, Goldsman & Song 2001, with paired variances as common random numbers allow). Larger is better.
std::vector<std::size_t> screen(Observations first_stage, double alpha);

/// One season of one policy to simulate.
struct Season {
  std::size_t policy = 0;
  std::uint32_t replication = 0;
  bool operator==(const Season&) const = default;
};

/// What a comparison has found.
struct Comparison {
  struct OfPolicy {
    std::size_t seasons = 0;
    std::array<std::optional<Interval>, yardsticks> value;  ///< Each at `level` by itself.
    /// From the control, in the yardstick's unit: simultaneous over policies and yardsticks. None for the control.
    std::array<std::optional<Interval>, yardsticks> difference;
    /// Variance of the difference were the seasons independent, over what it is: how many times fewer seasons common
    /// random numbers need. None for the control and where the difference never varies.
    std::array<std::optional<double>, yardsticks> variance_ratio;
    std::vector<std::size_t> dominated_by;  ///< Who is certainly no worse by any of pareto_yardsticks, better by one.
    bool eliminated = false;                ///< Certainly not the best: no longer run.
  };
  std::vector<OfPolicy> policies;
  std::vector<std::size_t> pareto;  ///< Whom nobody dominates.
  Procedure procedure{};
  std::size_t intervals = 0;         ///< That hold together: (policies - 1) x yardsticks.
  std::size_t pareto_intervals = 0;  ///< Likewise, of all pairs.
  std::optional<std::size_t> selected;
  /// The selection has its guarantee: it is the best, or within `delta` of it (two stages), at `level`.
  bool guaranteed = false;
  std::optional<std::size_t> seasons_needed;  ///< By two stages, of each policy that is still in.
  /// Difference for which what has been run is enough (two stages); none when unknown.
  std::optional<double> delta_reached;
  bool cut_short = false;  ///< Time, a stop or `most` ended it before it was decided.
  std::string statement;   ///< The honest sentence.
};

/// A comparison under way. Which season comes next depends only on the seasons before, never on time or threads: one
/// that is interrupted and goes on ends as one that was not.
class Experiment {
 public:
  /// Policy 0 is the control. Requires at least two policies, least >= 2, most >= least, 0 < level < 1, precision and
  /// delta > 0.
  Experiment(std::vector<std::string> policies, const ComparisonPlan& plan);

  /// Requires a season that is not there yet; what next() did not ask for is kept for when it does.
  void add(Season season, const SeasonSums& sums);
  [[nodiscard]] bool has(Season season) const;
  /// Seasons to run now, all of which may run at once; by replication, then policy. Empty: decided.
  std::vector<Season> next();

  /// Policies that still run, with the control.
  [[nodiscard]] std::size_t undecided() const;
  /// Seasons still to come by what is known so far; none before the first look.
  [[nodiscard]] std::optional<std::size_t> forecast() const;
  [[nodiscard]] std::size_t seasons() const { return seasons_; }

  /// `inputs`: what names the scenario and its inputs in the statement.
  [[nodiscard]] Comparison result(const std::string& inputs) const;

 private:
  [[nodiscard]] std::size_t complete(std::size_t policy) const;
  [[nodiscard]] std::vector<double> values(std::size_t policy, Yardstick y, std::size_t seasons) const;
  /// By `best`, larger is better.
  [[nodiscard]] std::vector<std::vector<double>> observations(std::size_t seasons) const;
  void look();
  void begin_selection();
  void continue_selection(std::size_t seasons);
  [[nodiscard]] std::optional<double> half_width(std::size_t policy) const;
  [[nodiscard]] std::string statement_of(const Comparison& found, const std::string& inputs) const;
  void select(Comparison& found) const;
  void find_pareto(Comparison& found) const;

  std::vector<std::string> names_;
  ComparisonPlan plan_;
  Procedure procedure_;
  std::vector<std::vector<std::optional<SeasonSums>>> runs_;
  std::size_t seasons_ = 0;
  std::vector<std::size_t> target_;  ///< Seasons asked for, by policy.
  std::vector<bool> active_;
  std::vector<bool> eliminated_;
  bool looked_ = false;
  bool decided_ = false;
  std::optional<std::size_t> needed_;  ///< two_stage, screened.
  std::optional<KimNelson> kim_nelson_;
};

}  // namespace peakstorm
