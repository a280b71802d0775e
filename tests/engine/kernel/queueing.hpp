/// Queues and networks of queues for comparison with theory, as a model on the kernel: many independent copies of a few
/// streams of customers and a few stations with servers, in which customers wait by rank, then in order of arrival.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "engine/kernel/engine.hpp"
#include "engine/kernel/exponential.hpp"
#include "engine/portable_math.hpp"
#include "engine/random.hpp"

namespace peakstorm::kernel {

/// A random time: its law, mean, and squared coefficient of variation (for lognormal and gamma).
struct Times {
  enum class Law : std::uint8_t { exponential, constant, lognormal, gamma } law = Law::exponential;
  double mean = 1;
  double scv = 1;

  /// The time that belongs to (entity, number).
  [[nodiscard]] double draw(const DrawKey& run, std::uint64_t entity, std::uint32_t number) const {
    if (law == Law::constant) return mean;
    const Draws draws(run, Purpose::test, entity, number);
    if (law == Law::exponential) return mean * exponential(draws.word(0));
    if (law == Law::lognormal) {
      const double variance = std::log1p(scv);
      return mean * portable_exp(std::sqrt(variance) * normal_quantile(draws.unit(0)) - variance / 2);
    }
    // Gamma of shape 1 / scv: exponentials for the whole part, Johnk's rejection for the rest.
    double sum = 0;
    double shape = 1 / scv;
    std::uint32_t next = 0;
    const auto fresh = [&] { return Draws(run, Purpose::test, hash64(entity, number), next++); };
    for (; shape >= 1; shape -= 1) sum += exponential(fresh().word(0));
    while (shape > 0) {
      const Draws some = fresh();
      const double x = portable_exp(portable_log(some.unit(0)) / shape);
      const double y = portable_exp(portable_log(some.unit(1)) / (1 - shape));
      if (x + y > 1) continue;
      sum += exponential(some.word(2)) * x / (x + y);
      break;
    }
    return mean * scv * sum;
  }
};

/// What one station has seen. In ticks and exact; the two sides of Little's law are counted independently.
struct StationAccount {
  std::int64_t present_area = 0;       ///< Integral of the number present over time, from a counter.
  std::int64_t waiting_area = 0;       ///< Of those not yet in service.
  std::int64_t sojourn = 0;            ///< Sum of (leave - arrive).
  std::array<std::int64_t, 2> wait{};  ///< Sum of (begin - arrive), by rank.
  std::array<std::uint64_t, 2> begun{};
  std::uint64_t had_to_wait = 0;
  std::uint64_t offered = 0;
  std::uint64_t refused = 0;  ///< No room.
  std::uint64_t left = 0;
  std::uint64_t long_sojourns = 0;            ///< Longer than 10 time units.
  std::uint64_t gone = 0;                     ///< Left the network from here, having spent ...
  double spent = 0;                           ///< ... so many time units at stations in all; sum,
  double spent_squares = 0;                   ///< and sum of squares.
  std::vector<std::uint32_t> left_by_window;  ///< Per 100 time units.
  std::vector<std::int64_t> looks;            ///< Number present whenever somebody looked.
};

class Queueing {
 public:
  static constexpr std::int64_t unit = 1'000'000;  ///< Ticks per time unit.
  enum class Kind : std::uint8_t { customer, end_of_service, begin_accounts, look };
  struct Payload {
    SimDuration service{};  ///< Of a customer; zero: drawn by the station.
    SimDuration spent{};    ///< At stations before.
    SimTime arrived{};      ///< At the end of service.
    std::uint8_t rank = 0;  ///< 0 is served before 1.
    Kind kind = Kind::customer;
  };
  struct Stream {
    Times gap{};
    std::uint32_t station = 0;
    std::uint8_t rank = 0;
    double swing = 0;   ///< The rate is (1 + swing sin(2 pi t / period)) / mean gap, by thinning.
    double period = 1;  ///< Time units.
  };
  struct Station {
    Times service{};
    std::uint32_t servers = 1;
    std::int64_t room = INT64_MAX;  ///< For customers, those in service included.
    std::vector<double> onward{};   ///< Probability of going to each station next; the rest leaves.
  };
  struct Shape {
    std::uint32_t copies = 1;
    std::vector<Stream> streams;
    std::vector<Station> stations;
  };

  Queueing(Shape shape, RunKey run)
      : accounts(shape.copies * shape.stations.size()), shape_(std::move(shape)), run_(run), states_(accounts.size()) {}

  std::size_t lp_count() const { return shape_.copies * width(); }  // By copy: streams, then stations.
  std::string name(LpId lp) const { return "process " + std::to_string(index(lp)); }
  std::uint64_t name_hash(LpId lp) const { return mix64(index(lp)); }
  /// Every walk, from a stream to a station or between stations, takes one time unit.
  SimDuration lookahead(LpId) const { return SimDuration{unit}; }
  LpId stream(std::size_t copy, std::size_t s) const { return static_cast<LpId>(copy * width() + s); }
  LpId station(std::size_t copy, std::size_t s) const { return stream(copy, shape_.streams.size() + s); }
  StationAccount& account(std::size_t copy, std::size_t s) { return accounts[copy * shape_.stations.size() + s]; }

  void handle(const Event<Payload>& event, auto& outbox) {
    const std::size_t copy = index(event.target) / width();
    const std::size_t at = index(event.target) % width();
    if (at < shape_.streams.size()) {
      const Stream& stream = shape_.streams[at];
      const double most = 1 + stream.swing;
      if (stream.swing == 0 || accepts(stream, event)) {
        outbox.send_after(station(copy, stream.station), SimDuration{unit}, {.rank = stream.rank});
      }
      outbox.send_after(event.target, units(stream.gap.draw(run_, index(event.target), event.sequence) / most), {});
      return;
    }
    const std::size_t s = at - shape_.streams.size();
    const Station& station_shape = shape_.stations[s];
    State& here = states_[copy * shape_.stations.size() + s];
    StationAccount& account = this->account(copy, s);
    advance(here, account, event.at);
    switch (event.payload.kind) {
      case Kind::begin_accounts:
        account = {};
        here.accounts_from = event.at;
        return;
      case Kind::look:
        account.looks.push_back(present(here));
        return;
      case Kind::customer:
        ++account.offered;
        account.refused += present(here) == station_shape.room ? 1 : 0;
        if (present(here) == station_shape.room) return;
        here.queues[event.payload.rank].push_back({event.at, event.payload});
        here.arrived_sum += event.at.time_since_epoch().count();
        break;
      case Kind::end_of_service: {
        const SimDuration sojourn = event.at - event.payload.arrived;
        here.arrived_sum -= event.payload.arrived.time_since_epoch().count();
        --here.busy;
        ++account.left;
        account.sojourn += sojourn.count();
        account.long_sojourns += sojourn.count() > 10 * unit ? 1 : 0;
        const auto window = static_cast<std::size_t>((event.at - here.accounts_from).count() / (100 * unit));
        if (account.left_by_window.size() <= window) account.left_by_window.resize(window + 1);
        ++account.left_by_window[window];
        move_on(event, copy, station_shape, account, event.payload.spent + sojourn, outbox);
      }
    }
    begin_service(event, station_shape, here, account, outbox);
  }

  /// Closes the accounts at the end of the run. Those still present count into `sojourn` up to then.
  void finish(SimTime end) {
    for (std::size_t i = 0; i < accounts.size(); ++i) {
      advance(states_[i], accounts[i], end);
      accounts[i].sojourn += present(states_[i]) * end.time_since_epoch().count() - states_[i].arrived_sum;
    }
  }
  std::vector<StationAccount> accounts;  ///< By copy, then station.

 private:
  struct State {
    std::array<std::deque<std::pair<SimTime, Payload>>, 2> queues;
    std::uint32_t busy = 0;
    std::uint32_t drawn = 0;
    SimTime last_change{};
    SimTime accounts_from{};
    std::int64_t arrived_sum = 0;  ///< Of the arrival instants of those present.
  };

  [[nodiscard]] std::size_t width() const { return shape_.streams.size() + shape_.stations.size(); }
  static SimDuration units(double count) { return SimDuration{static_cast<std::int64_t>(count * unit)}; }
  static std::int64_t waiting(const State& here) {
    return static_cast<std::int64_t>(here.queues[0].size() + here.queues[1].size());
  }
  static std::int64_t present(const State& here) { return waiting(here) + here.busy; }
  static void advance(State& here, StationAccount& account, SimTime now) {
    const std::int64_t span = (now - here.last_change).count();
    account.present_area += span * present(here);
    account.waiting_area += span * waiting(here);
    here.last_change = now;
  }

  [[nodiscard]] bool accepts(const Stream& stream, const Event<Payload>& event) const {
    const double now = static_cast<double>(event.at.time_since_epoch().count()) / unit;
    const double rate = 1 + stream.swing * std::sin(2 * 3.14159265358979323846 * now / stream.period);
    return Draws(run_, Purpose::test, index(event.target), event.sequence).unit(3) * (1 + stream.swing) < rate;
  }

  void move_on(const Event<Payload>& event, std::size_t copy, const Station& from, StationAccount& account,
               SimDuration spent, auto& outbox) {
    double point = from.onward.empty() ? 1 : Draws(run_, Purpose::test, index(event.target), event.sequence).unit(3);
    for (std::size_t next = 0; next < from.onward.size(); ++next) {
      if (point < from.onward[next]) {
        outbox.send_after(station(copy, next), SimDuration{unit}, {.spent = spent, .rank = event.payload.rank});
        return;
      }
      point -= from.onward[next];
    }
    const double total = static_cast<double>(spent.count()) / unit;
    ++account.gone;
    account.spent += total;
    account.spent_squares += total * total;
  }

  void begin_service(const Event<Payload>& event, const Station& shape, State& here, StationAccount& account,
                     auto& outbox) {
    if (waiting(here) == 0 || here.busy == shape.servers) return;
    auto& queue = here.queues[here.queues[0].empty() ? 1 : 0];
    const auto [arrived, customer] = queue.front();
    queue.pop_front();
    ++here.busy;
    ++account.begun[customer.rank];
    account.had_to_wait += event.at > arrived ? 1 : 0;
    account.wait[customer.rank] += (event.at - arrived).count();
    const SimDuration service = customer.service != SimDuration{}
                                    ? customer.service
                                    : units(shape.service.draw(run_, index(event.target), here.drawn++));
    outbox.send_after(
        event.target, service,
        {.spent = customer.spent, .arrived = arrived, .rank = customer.rank, .kind = Kind::end_of_service});
  }

  Shape shape_;
  DrawKey run_;
  std::vector<State> states_;
};

}  // namespace peakstorm::kernel
