/// Which of several systems (policies, networks, carriers) is best, from replications. Observations are given by
/// system, then by replication; replication r of every system belongs together (common random numbers), which makes
/// pairwise differences, and with them the work, smaller. Larger is better throughout: give costs with a minus sign.
/// The guarantees assume replications that are independent and roughly normal: take shares and means over a whole
/// replication, never parcels. Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace peakstorm {

/// Replications by system; all of equal length.
using Observations = std::span<const std::vector<double>>;

/// Two-stage Bonferroni selection (Matejcik & Nelson 1995; Banks et al.): replications of every system that are needed
/// in all so that the one with the largest mean is the best, or within `delta` of it, with probability at least
/// 1 - alpha: max(n0, ceil(t^2 S^2 / delta^2)), t = t(1 - alpha / (k - 1), n0 - 1), S^2 the largest variance of a
/// pairwise difference in the first stage. For up to about 20 systems. Requires at least two systems and two
/// replications, 0 < alpha < 1, delta > 0.
std::size_t two_stage_replications(Observations first_stage, double alpha, double delta);

/// The system with the largest mean; the first of equals. Requires observations.
std::size_t largest_mean(Observations systems);

/// h^2 = 2 eta (n0 - 1) with eta = ((2 alpha / (k - 1))^(-2 / (n0 - 1)) - 1) / 2 (Kim & Nelson 2001, with c = 1).
/// Requires k >= 2, n0 >= 2, 0 < alpha < 1 - 1 / k.
double kim_nelson_h2(std::size_t systems, double alpha, std::size_t first_stage);

/// Fully sequential selection by elimination (Kim & Nelson 2001): after r replications, system i stays as long as its
/// mean is not below any survivor's by more than max(0, delta / (2 r) (h^2 S_il^2 / delta^2 - r)). What is left in the
/// end is the best with probability at least 1 - alpha, if the best is better than all others by at least `delta`. Up
/// to some hundred systems; clearly worse ones drop out after few replications. Used from one thread.
class KimNelson {
 public:
  enum class Variances {
    first_stage,  ///< KN: estimated once. The guarantee is exact for normal data.
    updated,      ///< KN++ (Kim & Nelson 2006): from all replications so far, n0 growing with them; fewer replications,
                  ///< the guarantee is asymptotic.
  };
  /// Begins with the first stage, and eliminates what it already can. Requires as kim_nelson_h2, and delta > 0.
  KimNelson(Observations first_stage, double alpha, double delta, Variances variances = Variances::first_stage);
  /// One more replication; values by system, of which only the survivors' are read. Requires !decided().
  void observe(std::span<const double> values);
  [[nodiscard]] bool decided() const { return survivors_.size() == 1; }
  /// Numbers of the systems still in, ascending. Never empty.
  [[nodiscard]] const std::vector<std::size_t>& survivors() const { return survivors_; }
  [[nodiscard]] std::size_t replications() const { return replications_; }

 private:
  /// Running moments of a difference between two systems (Welford).
  struct Difference {
    double mean = 0;
    double squares = 0;
  };
  [[nodiscard]] Difference& between(std::size_t i, std::size_t l) { return differences_[i * systems_ + l]; }
  void add(std::span<const double> values);
  void eliminate();

  std::size_t systems_;
  double alpha_;
  double delta_;
  Variances variances_;
  std::size_t first_stage_;
  std::size_t replications_ = 0;
  std::vector<std::size_t> survivors_;
  std::vector<Difference> differences_;  ///< By pair i < l.
  std::vector<double> variance_;         ///< S_il^2, likewise.
};

/// Optimal computing budget allocation (Chen et al. 2000): shares of the next replications, summing to 1:
/// N_i / N_j = (s_i d_j / (s_j d_i))^2 for all but the best b, d being the distance from its mean, and
/// N_b = s_b sqrt(sum N_i^2 / s_i^2). Spends where the doubt is; promises no probability, and assumes independent
/// systems, not common random numbers. Systems equal to the best share everything; without any variance all get the
/// same. Requires equal lengths, at least two, variances of at least 0.
std::vector<double> ocba_shares(std::span<const double> means, std::span<const double> variances);

}  // namespace peakstorm
