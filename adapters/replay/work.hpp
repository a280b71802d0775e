/// One thing to send, on its way from its intended instant to its last answer. Values; instants are of ReplayTime.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/clock.hpp"
#include "adapters/wire_format.hpp"
#include "engine/faults.hpp"
#include "engine/replay.hpp"
#include "engine/scan.hpp"

namespace peakstorm {

/// Wall time since the replay, or its present phase, began.
class ReplayTime {
 public:
  static constexpr std::chrono::nanoseconds forever = std::chrono::nanoseconds::max();

  /// `clock` must outlive it.
  explicit ReplayTime(const Clock& clock) : clock_(clock) {}
  /// `later`: from now. Until then it is before zero.
  void begin(std::chrono::nanoseconds later = {}) { start_ = clock_.now() + later; }
  [[nodiscard]] std::chrono::nanoseconds now() const { return clock_.now() - start_; }
  /// What the clock, and so the transport, calls this instant.
  [[nodiscard]] std::chrono::nanoseconds on_clock(std::chrono::nanoseconds at) const { return start_ + at; }
  [[nodiscard]] std::int64_t unix_ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.unix_time()).count();
  }
  [[nodiscard]] const Clock& clock() const { return clock_; }

 private:
  const Clock& clock_;
  std::chrono::nanoseconds start_{};
};

/// A message that exists only by a fault.
struct Extra {
  FaultKind fault = FaultKind::none;
  wire::Message message;
  bool sign = false;  ///< At the instant of sending, as the format does.
  std::chrono::milliseconds signed_ago{0};
  bool is_promise = false;  ///< PUT /parcels that hands the number on; the parcel waits for it.
};

/// A message that was taken in, of which nobody knows yet whether it is kept.
struct Pending {
  std::string path;  ///< Where that is told.
  std::chrono::nanoseconds sent{};
  std::chrono::nanoseconds since{};  ///< Taken in.
  std::chrono::nanoseconds pause{};  ///< Before the next question.
  unsigned asked = 0;
  std::uint32_t beside = 0;
  std::uint16_t status = 0;
};

struct ScanBatch;

struct Work {
  RequestKind kind = RequestKind::scan;
  unsigned attempts = 0;  ///< Made so far.
  ParcelId parcel{};
  SimTime at;
  Scan scan;
  std::chrono::nanoseconds intended{};
  std::chrono::nanoseconds ready{};  ///< Since when it might have been sent.
  std::chrono::nanoseconds again{};  ///< Not before, when it is waiting for a further attempt.
  std::uint64_t order = 0;           ///< Breaks ties, so that equal instants leave in the order of the source.
  std::shared_ptr<const Extra> extra;
  std::shared_ptr<Pending> pending;  ///< Set: what is to be sent is the question.
  std::shared_ptr<ScanBatch> batch;  ///< Set: stands for these scans, which share a request.
  std::chrono::nanoseconds held{};   ///< Waited on purpose, for others to share its request.
  bool remembered = false;           ///< Of a batch: its parcel's history has it.
  bool ghost = false;                ///< Read-back of a number that was made up.
};

/// Scans of different parcels that share a request, in the order of their intended instants. The work that stands for
/// them has the earliest one's; its `attempts` are the request's.
struct ScanBatch {
  std::vector<Work> works;
  std::vector<std::string> ids;  ///< By which the receiver knows them; set when first written.
};

struct IntendedLater {
  bool operator()(const Work& a, const Work& b) const {
    return std::pair(a.intended, a.order) > std::pair(b.intended, b.order);
  }
};
struct AgainLater {
  bool operator()(const Work& a, const Work& b) const {
    return std::pair(a.again, a.order) > std::pair(b.again, b.order);
  }
};

}  // namespace peakstorm
