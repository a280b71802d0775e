/// M/M/c, M/G/1, D/M/1, Erlang's loss system, M/M/1/K: stations with some servers and some room, first come, first
/// served, each fed by a stream of its own.
#pragma once

#include <deque>
#include <vector>

#include "engine/kernel/engine.hpp"
#include "tests/engine/kernel/queues/account.hpp"

namespace peakstorm::kernel {

class Stations : public QueueingModel {
 public:
  struct Payload {
    SimTime arrived{};      ///< At the station.
    SimDuration service{};  ///< Zero: drawn when it begins.
    bool leaves = false;    ///< The event is the end of service.
  };
  struct Shape {
    Times gap{};
    Times service{};
    std::uint32_t servers = 1;
    std::int64_t room = INT64_MAX;  ///< For customers, those in service included.
    std::uint32_t copies = 128;
  };
  Stations(const Shape& shape, RunKey run, SimTime from)
      : QueueingModel(run), accounts(shape.copies, StationAccount(from)), shape_(shape), queues_(shape.copies) {}

  std::size_t lp_count() const { return 2 * accounts.size(); }  // Stream, station, stream, station ...
  static LpId station(std::size_t copy) { return LpId(2 * copy + 1); }
  void start(auto& engine) const {
    for (std::uint32_t copy = 0; copy < shape_.copies; ++copy) engine.schedule(LpId{2 * copy}, SimTime{}, {});
  }

  void handle(const Event<Payload>& event, auto& outbox) {
    const std::size_t copy = index(event.target) / 2;
    if (event.target != station(copy)) {
      outbox.send_after(station(copy), units(1), {});
      outbox.send_after(event.target, draw(shape_.gap, event), {});
      return;
    }
    StationAccount& account = accounts[copy];
    std::deque<Payload>& queue = queues_[copy];
    if (event.payload.leaves) {
      account.leave(event.at, event.payload.arrived);
    } else if (account.arrive(event.at, shape_.room)) {
      queue.push_back({event.at, event.payload.service, true});
    }
    if (queue.empty() || account.busy == shape_.servers) return;
    const Payload& next = queue.front();
    account.begin(event.at, next.arrived);
    outbox.send_after(event.target, next.service > SimDuration{} ? next.service : draw(shape_.service, event), next);
    queue.pop_front();
  }
  std::vector<StationAccount> accounts;  ///< By copy.

 private:
  Shape shape_;
  std::vector<std::deque<Payload>> queues_;  ///< By copy: who waits.
};

}  // namespace peakstorm::kernel
