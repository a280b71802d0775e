/// Open networks of single servers, first come, first served: tandem queues, Jackson networks with feedback.
#pragma once

#include <deque>
#include <vector>

#include "engine/kernel/engine.hpp"
#include "tests/engine/kernel/queues/account.hpp"

namespace peakstorm::kernel {

class OpenNetworks : public QueueingModel {
 public:
  struct Payload {
    SimTime arrived{};    ///< At the station.
    SimDuration spent{};  ///< At stations before.
    bool leaves = false;  ///< The event is the end of service.
  };
  struct Station {
    Times service{};
    std::vector<double> onward{};  ///< Probability of going to each station next; the rest leaves the network.
  };
  struct Shape {
    Times gap{};  ///< Of the stream into the first station.
    std::vector<Station> stations{};
    std::uint32_t copies = 128;
  };
  OpenNetworks(const Shape& shape, RunKey run, SimTime from)
      : QueueingModel(run),
        accounts(shape.copies * (1 + shape.stations.size()), StationAccount(from)),
        gone(shape.copies),
        shape_(shape),
        queues_(accounts.size()) {}

  std::size_t lp_count() const { return accounts.size(); }
  /// Station 1, 2 ... of a copy; 0 is its stream.
  LpId process(std::size_t copy, std::size_t s) const { return LpId(copy * (1 + shape_.stations.size()) + s); }
  void start(auto& engine) const {
    for (std::size_t copy = 0; copy < shape_.copies; ++copy) engine.schedule(process(copy, 0), SimTime{}, {});
  }

  void handle(const Event<Payload>& event, auto& outbox) {
    const std::size_t copy = index(event.target) / index(process(1, 0));
    const std::size_t s = index(event.target) % index(process(1, 0));
    if (s == 0) {
      outbox.send_after(process(copy, 1), units(1), {});
      outbox.send_after(event.target, draw(shape_.gap, event), {});
      return;
    }
    const Station& station = shape_.stations[s - 1];
    StationAccount& account = accounts[index(event.target)];
    std::deque<Payload>& queue = queues_[index(event.target)];
    if (event.payload.leaves) {
      const bool counts = account.leave(event.at, event.payload.arrived);
      const SimDuration spent = event.payload.spent + (event.at - event.payload.arrived);
      double point = uniform(event);
      std::size_t next = 0;
      while (next < station.onward.size() && point >= station.onward[next]) point -= station.onward[next++];
      if (next < station.onward.size()) {
        outbox.send_after(process(copy, next + 1), units(1), {.spent = spent});
      } else if (counts) {
        gone[copy].add(spent);
      }
    } else {
      account.arrive(event.at);
      queue.push_back({event.at, event.payload.spent, true});
    }
    if (queue.empty() || account.busy == 1) return;
    account.begin(event.at, queue.front().arrived);
    outbox.send_after(event.target, draw(station.service, event), queue.front());
    queue.pop_front();
  }
  std::vector<StationAccount> accounts;  ///< By process; those of streams stay empty.
  std::vector<Sojourns> gone;            ///< By copy: time at stations of those who have left the network.

 private:
  Shape shape_;
  std::vector<std::deque<Payload>> queues_;
};

}  // namespace peakstorm::kernel
