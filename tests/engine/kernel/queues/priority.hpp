/// Single servers with two ranks of customers, non-preemptive: rank 0 is served first, each rank in order of arrival.
#pragma once

#include <array>
#include <deque>
#include <vector>

#include "engine/kernel/engine.hpp"
#include "tests/engine/kernel/queues/account.hpp"

namespace peakstorm::kernel {

class PriorityStations : public QueueingModel {
 public:
  struct Payload {
    SimTime arrived{};  ///< At the station.
    std::uint8_t rank = 0;
    bool leaves = false;  ///< The event is the end of service.
  };
  struct Shape {
    std::array<Times, 2> gap{};  ///< Of the stream of each rank.
    Times service{};
    std::uint32_t copies = 128;
  };
  PriorityStations(const Shape& shape, RunKey run, SimTime from)
      : QueueingModel(run), accounts(shape.copies, StationAccount(from)), shape_(shape), queues_(shape.copies) {}

  std::size_t lp_count() const { return 3 * accounts.size(); }  // By copy: the stream of each rank, the station.
  void start(auto& engine) const {
    for (std::uint32_t copy = 0; copy < shape_.copies; ++copy) {
      for (const std::uint32_t rank : {0U, 1U}) engine.schedule(LpId{3 * copy + rank}, SimTime{}, {});
    }
  }

  void handle(const Event<Payload>& event, auto& outbox) {
    const std::size_t copy = index(event.target) / 3;
    const std::size_t part = index(event.target) % 3;
    if (part < 2) {
      outbox.send_after(LpId(3 * copy + 2), units(1), {.rank = static_cast<std::uint8_t>(part)});
      outbox.send_after(event.target, draw(shape_.gap[part], event), {});
      return;
    }
    StationAccount& account = accounts[copy];
    if (event.payload.leaves) {
      account.leave(event.at, event.payload.arrived);
    } else {
      account.arrive(event.at);
      queues_[copy][event.payload.rank].push_back({event.at, event.payload.rank, true});
    }
    if (account.waiting == 0 || account.busy == 1) return;
    std::deque<Payload>& queue = queues_[copy][queues_[copy][0].empty() ? 1 : 0];
    account.begin(event.at, queue.front().arrived, queue.front().rank);
    outbox.send_after(event.target, draw(shape_.service, event), queue.front());
    queue.pop_front();
  }
  std::vector<StationAccount> accounts;  ///< By copy.

 private:
  Shape shape_;
  std::vector<std::array<std::deque<Payload>, 2>> queues_;  ///< By copy and rank: who waits.
};

}  // namespace peakstorm::kernel
