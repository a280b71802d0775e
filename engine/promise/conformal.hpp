/// Promises that hold at a stated rate without trusting a model of transit times: split conformal prediction, its
/// adaptive form for seasons that drift, and the shrinkage of sparse lanes. Pure; safe from any thread.
#pragma once

#include <optional>
#include <span>

namespace peakstorm::promise {

/// Split conformal bound: the ceil((n + 1)(1 - alpha))-th smallest of n calibration scores (for instance actual minus
/// predicted transit). A new score stays at or below it with probability at least 1 - alpha when it is exchangeable
/// with the old ones (Vovk, Gammerman & Shafer 2005; Lei et al. 2018); over calibration sets the coverage is
/// Beta(k, n + 1 - k) for continuous scores, k being that rank. A peak season is not exchangeable with the weeks before
/// it: see AdaptiveLevel. None when n is too small for the level (n < 1 / alpha - 1). Requires 0 < alpha < 1. O(n).
std::optional<double> conformal_bound(std::span<const double> scores, double alpha);

/// Adaptive conformal inference (Gibbs & Candes 2021): alpha' = alpha + gamma (target - missed). Whatever the data do,
/// after n updates the share of misses is within (max(first, 1 - first) + gamma) / (n gamma) of the target, as long as
/// the caller follows alpha(): at or below 0 everything is covered, at or above 1 nothing.
/// Censoring: whether a promise was missed is known when the parcel has come or the promised day has passed, whichever
/// is first. Update then, in that order; counting only delivered parcels would hide the late ones.
class AdaptiveLevel {
 public:
  /// Requires 0 < target < 1, gamma > 0. The first alpha is the target.
  AdaptiveLevel(double target, double gamma);
  void update(bool missed) { update_by_share(missed ? 1 : 0); }
  /// One update for many promises that expire together: `missed` is the share of them, in [0, 1].
  void update_by_share(double missed);
  /// Miss rate to ask for next; may lie outside (0, 1), see above.
  [[nodiscard]] double alpha() const { return alpha_; }

  template <class Archive>
  void transfer(Archive& archive) {
    archive(alpha_);
  }

 private:
  double target_;
  double gamma_;
  double alpha_;
};

/// Weight n / (n + n0) of a lane's own mean against its parent's, n0 = variance within lanes / variance between lanes
/// (the linear Bayes estimator; Buehlmann 1967). Requires n >= 0 and n0 > 0.
double shrinkage_weight(double n, double n0);

/// w own + (1 - w) parent with that weight.
double shrunk_mean(double own, double parent, double n, double n0);

}  // namespace peakstorm::promise
