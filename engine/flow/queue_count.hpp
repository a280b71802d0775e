/// Exact sample-path accounts of a queue: the integral of the number present is kept by the counter, the sum
/// of sojourns by the pieces' own times. Little's law holds when the two agree to the millisecond.
#pragma once

#include <cstdint>

#include "engine/check.hpp"
#include "engine/time.hpp"

namespace peakstorm::flow {

class QueueCount {
 public:
  void enter(SimTime now, std::int64_t pieces) {
    advance(now);
    present_ += pieces;
    entered_ += static_cast<std::uint64_t>(pieces);
  }
  /// `pieces` that entered at `entered` leave now.
  void leave(SimTime now, std::int64_t pieces, SimTime entered) {
    advance(now);
    present_ -= pieces;
    sojourn_ += pieces * (now - entered).count();
    PEAKSTORM_CHECK(present_ >= 0, present_);
  }
  /// Counts `pieces` still present at the end of the run.
  void close(SimTime end, std::int64_t pieces, SimTime entered) {
    advance(end);
    sojourn_ += pieces * (end - entered).count();
  }
  void advance(SimTime now) {
    PEAKSTORM_CHECK(now >= last_, now, last_);
    area_ += present_ * (now - last_).count();
    last_ = now;
  }
  template <class Archive>
  void transfer(Archive& archive) {
    archive(last_, present_, entered_, area_, sojourn_);
  }
  [[nodiscard]] std::int64_t present() const { return present_; }
  [[nodiscard]] std::uint64_t entered() const { return entered_; }
  [[nodiscard]] std::int64_t area() const { return area_; }
  [[nodiscard]] std::int64_t sojourn() const { return sojourn_; }

 private:
  SimTime last_{day_zero};
  std::int64_t present_ = 0;
  std::uint64_t entered_ = 0;
  std::int64_t area_ = 0;
  std::int64_t sojourn_ = 0;
};

}  // namespace peakstorm::flow
