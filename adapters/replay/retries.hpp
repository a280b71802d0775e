/// Whether an attempt is followed by another, and after what pause: arithmetic only.
#pragma once

#include <chrono>

#include "adapters/replay.hpp"
#include "adapters/replay/work.hpp"
#include "adapters/transport.hpp"
#include "adapters/wire_format.hpp"
#include "engine/result.hpp"

namespace peakstorm {

class Retries {
 public:
  /// `documented`: what the platform does with scans; the sender's own schedule governs everything else. `options` must
  /// outlive it.
  Retries(const ReplayOptions& options, const wire::RetryPolicy& documented)
      : options_(options), documented_(documented) {}

  /// Of simulated time, by which documented pauses are divided where the options name no other; below 1 it counts as 1.
  void pace(double replay_speed);

  /// An answer, or its absence, of a kind that passes.
  [[nodiscard]] static bool may_help(const Result<Reply>& reply);
  /// Whether work that met this fate is tried again. `again`: its answer was of a kind that passes.
  [[nodiscard]] bool follow(const Work& work, RequestFate fate, bool again) const;
  /// Before the next attempt at work: the endpoint's own wish, else as documented for scans, else `back_off`.
  [[nodiscard]] std::chrono::nanoseconds pause(const Work& work, const Result<Reply>& reply) const;
  /// Before the next attempt: the endpoint's own wish, else doubling from `back_off`.
  [[nodiscard]] std::chrono::nanoseconds back_off(unsigned attempts, const Result<Reply>& reply) const;

 private:
  [[nodiscard]] bool as_documented(const Work& work) const;
  [[nodiscard]] std::chrono::nanoseconds documented_pause(const Work& work) const;

  const ReplayOptions& options_;
  wire::RetryPolicy documented_;
  double speed_ = 1;
};

}  // namespace peakstorm
