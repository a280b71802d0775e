/// Mt/G/infinity: customers come at a rate that swings with the day and are on the road for a while, all at once.
#pragma once

#include <cmath>
#include <numbers>
#include <vector>

#include "engine/kernel/engine.hpp"
#include "tests/engine/kernel/queues/account.hpp"

namespace peakstorm::kernel {

class InTransit : public QueueingModel {
 public:
  enum class Kind : std::uint8_t { next, arrival, end, look };
  struct Payload {
    Kind kind = Kind::next;
  };
  struct Shape {
    Times gap{};  ///< At the highest rate.
    Times way{};
    double swing = 0;              ///< The rate is proportional to 1 + swing sin(2 pi t / period), by thinning.
    double period = 1;             ///< Time units.
    std::vector<SimTime> looks{};  ///< When those on the road are counted.
    std::uint32_t copies = 16;
  };
  InTransit(Shape shape, RunKey run)
      : QueueingModel(run), seen(shape.copies), shape_(std::move(shape)), present_(shape_.copies) {}

  std::size_t lp_count() const { return 2 * present_.size(); }  // Stream, road, stream, road ...
  void start(auto& engine) const {
    for (std::uint32_t copy = 0; copy < shape_.copies; ++copy) {
      engine.schedule(LpId{2 * copy}, SimTime{}, {});
      for (const SimTime at : shape_.looks) engine.schedule(LpId{2 * copy + 1}, at, {Kind::look});
    }
  }

  void handle(const Event<Payload>& event, auto& outbox) {
    const std::size_t copy = index(event.target) / 2;
    switch (event.payload.kind) {
      case Kind::next:
        if (accepts(event)) outbox.send_after(LpId(2 * copy + 1), units(1), {Kind::arrival});
        outbox.send_after(event.target, draw(shape_.gap, event), {});
        break;
      case Kind::arrival:
        ++present_[copy];
        outbox.send_after(event.target, draw(shape_.way, event), {Kind::end});
        break;
      case Kind::end:
        --present_[copy];
        break;
      case Kind::look:
        seen[copy].push_back(present_[copy]);
    }
  }
  std::vector<std::vector<std::int64_t>> seen;  ///< By copy: the number on the road at each look.

 private:
  [[nodiscard]] bool accepts(const Event<Payload>& event) const {
    const double turns = static_cast<double>(event.at.time_since_epoch().count()) / ticks_per_unit / shape_.period;
    return uniform(event) * (1 + shape_.swing) < 1 + shape_.swing * std::sin(2 * std::numbers::pi * turns);
  }
  Shape shape_;
  std::vector<std::int64_t> present_;
};

}  // namespace peakstorm::kernel
