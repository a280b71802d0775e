/// How a platform polled the carriers that stood in for real ones: counts by API, and how old what they told was.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "engine/replay.hpp"
#include "results/histogram.hpp"

namespace peakstorm {

/// Of one API. Ages are simulated time since the newest scan in an answer was published; one ns is one ms.
struct PollCounts {
  std::array<std::uint64_t, poll_fate_names.size()> by_fate{};  ///< By PollFate: numbers asked for.
  std::uint64_t slowed = 0;                                     ///< Answered late on purpose.
  std::uint64_t stale = 0;                                      ///< Told from an old cache.
  std::uint64_t news = 0;                                       ///< Told something that was not told before.
  std::uint64_t parcels = 0;                                    ///< That were told of.
  std::uint64_t polls_max = 0;                                  ///< Of one of them.
  LatencyHistogram age;                                         ///< Of all answers that told something.
  LatencyHistogram news_age;  ///< Of those with news: how long the newest scan waited for somebody to ask.

  [[nodiscard]] std::uint64_t told() const { return by_fate[static_cast<std::size_t>(PollFate::told)]; }
  [[nodiscard]] std::uint64_t polls() const;
};

/// 16 B or so for each parcel and API that is asked for. Called from one thread at a time.
class PollLedger final : public PollRecorder {
 public:
  /// For so many APIs.
  explicit PollLedger(std::size_t apis) : counts_(apis), parcels_(apis) {}
  /// Requires: an API below that number.
  void polled(const PollRecord& record) override;
  /// By API.
  [[nodiscard]] const std::vector<PollCounts>& counts() const { return counts_; }

 private:
  std::vector<PollCounts> counts_;
  std::vector<std::unordered_map<std::uint64_t, std::uint64_t>> parcels_;
};

}  // namespace peakstorm
