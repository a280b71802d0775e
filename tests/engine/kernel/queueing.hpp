/// Many independent copies of one queue, for comparison with theory: each copy has a source and a station
/// with some servers, first come, first served; exponential gaps and service times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "engine/kernel/engine.hpp"
#include "engine/kernel/exponential.hpp"
#include "engine/random.hpp"

namespace peakstorm::kernel {

/// What one station has seen. Exact, in ticks; the two sides of Little's law are counted independently.
struct StationAccount {
  std::int64_t present_area = 0;  ///< Integral of the number present over time, from a counter.
  std::int64_t waiting_area = 0;  ///< Of those not yet in service.
  std::int64_t sojourn = 0;       ///< Sum of (leave - arrive).
  std::int64_t wait = 0;          ///< Sum of (begin - arrive).
  std::uint64_t begun = 0;
  std::uint64_t had_to_wait = 0;
  std::uint64_t left = 0;
  std::uint64_t long_sojourns = 0;  ///< Longer than 10 time units.
};

class Queueing {
 public:
  static constexpr std::int64_t unit = 1'000'000;  ///< Ticks per time unit.
  enum class Kind : std::uint8_t { customer, end_of_service, begin_accounts };
  struct Payload {
    SimDuration service{};  ///< Of a customer.
    SimTime arrived{};      ///< At the end of service.
    Kind kind = Kind::customer;
  };
  struct Shape {
    std::uint32_t copies = 1;
    std::uint32_t servers = 1;
    double arrivals = 0.8;  ///< Per time unit; service takes 1 on average.
  };

  Queueing(Shape shape, RunKey run) : accounts(shape.copies), shape_(shape), run_(run), stations_(shape.copies) {}

  std::size_t lp_count() const { return std::size_t{2} * shape_.copies; }  // Sources, then stations.
  std::string name(LpId lp) const { return (is_source(lp) ? "source " : "station ") + std::to_string(index(lp)); }
  std::uint64_t name_hash(LpId lp) const { return mix64(index(lp)); }
  /// Customers walk one time unit to the station; a station sends nothing to anybody else.
  SimDuration lookahead(LpId lp) const { return is_source(lp) ? SimDuration{unit} : SimDuration::max(); }
  LpId station(std::uint32_t copy) const { return LpId{shape_.copies + copy}; }

  /// Arrivals from zero on; accounts from `warm_up` on.
  void start(auto& engine, SimTime warm_up) const {
    for (std::uint32_t copy = 0; copy < shape_.copies; ++copy) {
      engine.schedule(LpId{copy}, SimTime{}, {});
      engine.schedule(station(copy), warm_up, {.kind = Kind::begin_accounts});
    }
  }
  void handle(const Event<Payload>& event, auto& outbox) {
    if (is_source(event.target)) {
      const Draws draws(run_, Purpose::test, index(event.target), event.sequence);
      const auto copy = static_cast<std::uint32_t>(index(event.target));
      outbox.send_after(station(copy), SimDuration{unit}, {.service = units(exponential(draws.word(0)))});
      outbox.send_after(event.target, units(exponential(draws.word(1)) / shape_.arrivals), {});
      return;
    }
    const std::size_t copy = index(event.target) - shape_.copies;
    Station& here = stations_[copy];
    StationAccount& account = accounts[copy];
    advance(copy, event.at);
    if (event.payload.kind == Kind::begin_accounts) {
      account = {};
      return;
    }
    if (event.payload.kind == Kind::customer) {
      here.queue.push_back({event.at, event.payload.service});
      here.arrived_sum += event.at.time_since_epoch().count();
    } else {
      const std::int64_t sojourn = (event.at - event.payload.arrived).count();
      here.arrived_sum -= event.payload.arrived.time_since_epoch().count();
      --here.busy;
      ++account.left;
      account.sojourn += sojourn;
      account.long_sojourns += sojourn > 10 * unit ? 1 : 0;
    }
    if (here.queue.empty() || here.busy == shape_.servers) return;
    const Customer next = here.queue.front();
    here.queue.pop_front();
    ++here.busy;
    ++account.begun;
    account.had_to_wait += event.at > next.arrived ? 1 : 0;
    account.wait += (event.at - next.arrived).count();
    outbox.send_after(event.target, next.service, {.arrived = next.arrived, .kind = Kind::end_of_service});
  }

  /// Closes the accounts at the end of the run. Those still present count into `sojourn` up to then.
  void finish(SimTime end) {
    for (std::size_t copy = 0; copy < accounts.size(); ++copy) {
      advance(copy, end);
      accounts[copy].sojourn += present(copy) * end.time_since_epoch().count() - stations_[copy].arrived_sum;
    }
  }
  std::vector<StationAccount> accounts;  ///< By copy.

 private:
  struct Customer {
    SimTime arrived;
    SimDuration service;
  };
  struct Station {
    std::deque<Customer> queue;
    std::uint32_t busy = 0;
    SimTime last_change{};
    std::int64_t arrived_sum = 0;  ///< Of the arrival instants of those present.
  };

  [[nodiscard]] bool is_source(LpId lp) const { return index(lp) < shape_.copies; }
  static SimDuration units(double count) { return SimDuration{static_cast<std::int64_t>(count * unit)}; }
  [[nodiscard]] std::int64_t present(std::size_t copy) const {
    return static_cast<std::int64_t>(stations_[copy].queue.size()) + stations_[copy].busy;
  }
  void advance(std::size_t copy, SimTime now) {
    Station& here = stations_[copy];
    const std::int64_t span = (now - here.last_change).count();
    accounts[copy].present_area += span * present(copy);
    accounts[copy].waiting_area += span * static_cast<std::int64_t>(here.queue.size());
    here.last_change = now;
  }

  Shape shape_;
  RunKey run_;
  std::vector<Station> stations_;
};

}  // namespace peakstorm::kernel
