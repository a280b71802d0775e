/// Is one build, target or machine slower than another? Measured figures (latency, throughput, CPU time) are noisy, so
/// two variants are run in pairs, one right after the other and in alternating order, and judged pair by pair: what
/// disturbs the machine for longer than a run disturbs both. The unit is the run: its median, its p99 and its CPU time
/// are one figure each; requests of one run are not independent and are never compared one by one.
///
///   ratio     log(candidate / baseline) of a pair, turned so that more is worse
///   floor     the smallest change that counts; less is noise by definition, however sure
///   test      Wilcoxon's signed rank, exact, one-sided: is the median ratio above the floor? (Wilcoxon 1945; Hollander
///             & Wolfe 1999, 3.1). It needs no normal noise, only that a pair of equals is as likely to fall out one
///             way as the other, which alternating the order sees to
///   confirm   a figure that fails becomes a suspect and is judged again, on fresh pairs alone
///
/// False alarms: with m figures, each of the two tests has the level sqrt(level / (2 m)), so that equals fail both with
/// probability level / (2 m) at most in either direction, and any of the m figures is called worse or better with
/// `level` at most (Bonferroni): worse, half of that. However noisy they are. Pure; from one thread at a time; the same
/// values give the same verdict.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "results/interval.hpp"

namespace peakstorm {

/// P(W >= the one observed) if the differences are symmetric about 0: the exact share of the 2^n ways to give them
/// signs that have at least this sum of ranks of the positive ones. Equal sizes share their mean rank; zeros are ranked
/// with the others and then left out of the sum (Pratt 1959). 1 without values. O(n^3).
double signed_rank_p(std::span<const double> differences);

/// Median of the mean of two values over all pairs of values, each with itself too (Hodges & Lehmann 1963), with the
/// exact interval that belongs to the signed rank test. None when even the widest interval does not reach `level` (at
/// 95 %: fewer than six values). `level` of the result is what is reached. O(n^2 log n + n^3).
std::optional<Interval> median_shift(std::span<const double> differences, double level = 0.95);

struct ComparedFigure {
  std::string name;
  bool larger_is_better = false;
};

struct SlowdownPlan {
  double level = 0.01;             ///< Of a false alarm, over all figures together; (0, 0.5].
  double floor = 0.02;             ///< Relative change that counts as none; [0, 10].
  std::size_t pairs = 10;          ///< Of the first look; [5, 200].
  std::size_t confirmations = 10;  ///< Fresh pairs for suspects; [5, 200].
};

enum class SlowdownVerdict : std::uint8_t {
  no_worse,    ///< Not shown to be worse by more than the floor; detectable() says what would have been seen.
  worse,       ///< Suspected, and confirmed on fresh pairs.
  better,      ///< Better by more than the floor, by the same two tests.
  unmeasured,  ///< A value was not positive, so there is no ratio.
};
inline constexpr std::array<const char*, 4> slowdown_verdict_names{"no worse", "worse", "better", "unmeasured"};

struct SlowdownResult {
  ComparedFigure figure;
  SlowdownVerdict verdict = SlowdownVerdict::no_worse;
  double baseline = 0;   ///< Median over pairs, in the figure's unit.
  double candidate = 0;  ///< Likewise.
  /// candidate / baseline - 1 over all pairs (0.1: a tenth more), with its interval; none with too few pairs.
  std::optional<Interval> change;
  double p_first = 1;                 ///< Of the first look.
  std::optional<double> p_confirmed;  ///< Of the fresh pairs alone; none when there was nothing to confirm.
};

/// Pairs come in, verdicts come out.
class SlowdownTest {
 public:
  /// Requires figures and a plan within its ranges.
  SlowdownTest(std::vector<ComparedFigure> figures, const SlowdownPlan& plan);
  /// One more pair, a value per figure on each side.
  void add(std::span<const double> baseline, std::span<const double> candidate);
  /// Pairs that are still needed; 0: decided. After the first look it rises again when there is a suspect.
  [[nodiscard]] std::size_t wanted() const;
  [[nodiscard]] std::size_t pairs() const { return pairs_; }
  /// True while fresh pairs are being collected for a suspect.
  [[nodiscard]] bool confirming() const { return pairs_ >= plan_.pairs && wanted() > 0; }
  /// Level of each single test: sqrt(level / (2 figures)).
  [[nodiscard]] double test_level() const;
  /// By figure, in the order given. Requires wanted() == 0.
  [[nodiscard]] std::vector<SlowdownResult> results() const;
  /// Smallest slowdown of a figure (0.1: a tenth worse) that would have been found nine times in ten, given the scatter
  /// seen between pairs. None: not even tenfold, or no ratio. Some milliseconds.
  [[nodiscard]] std::optional<double> detectable(std::size_t figure) const;

 private:
  struct Series {
    std::vector<double> baseline;
    std::vector<double> candidate;
    std::vector<double> ratios;  ///< log, more is worse.
    bool positive = true;
  };
  [[nodiscard]] bool fails(std::span<const double> ratios, bool worse) const;
  [[nodiscard]] bool suspect(const Series& series) const;

  std::vector<ComparedFigure> figures_;
  SlowdownPlan plan_;
  std::vector<Series> series_;
  std::size_t pairs_ = 0;
};

}  // namespace peakstorm
