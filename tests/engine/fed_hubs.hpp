/// Production hubs (sorter, docks, departures of engine/flow), fed by the test: copies of one hub, each with a feeder
/// that sends trailers at instants of the test's choosing, and an end of the lane where parcels vanish. On the kernel,
/// through the same calls as the whole parcel model.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "engine/flow/facility.hpp"
#include "engine/kernel/engine.hpp"
#include "tests/engine/small_world.hpp"

namespace peakstorm::test {

/// `copies` hubs with a depot each, open round the clock at `pieces_per_hour` (0: no sorter), one lane of `pieces` per
/// departure between them; handling takes a millisecond.
inline World hub_world(std::size_t copies, Day days, std::uint32_t pieces_per_hour, std::vector<Departure> departures,
                       std::uint32_t pieces) {
  World world = small_world();
  world.day_count = days;
  world.measure_to = days;
  world.drain_days = 1;
  world.calendars[0].open.assign(static_cast<std::size_t>(days) + 100, true);
  Facility hub = world.facilities[0];
  hub.handling = SimDuration{1};
  hub.sorts.clear();
  if (pieces_per_hour > 0) hub.sorts = {{SimDuration{}, hours(24), 0x7f, pieces_per_hour}};
  const Facility depot = world.facilities[2];
  const Destination destination = world.destinations[0];
  Lane lane = world.lanes[2];
  lane.departures = std::move(departures);
  lane.cut_off = SimDuration{};
  lane.pieces = pieces;
  world.facilities.clear();
  world.lanes.clear();
  world.destinations.clear();
  world.coverage.assign(1, {});
  for (std::size_t copy = 0; copy < 2 * copies; ++copy) {
    world.facilities.push_back(copy < copies ? hub : depot);
    world.facilities.back().name += std::to_string(copy);
  }
  for (std::size_t copy = 0; copy < copies; ++copy) {
    lane.from = FacilityId{static_cast<std::uint16_t>(copy)};
    lane.to = FacilityId{static_cast<std::uint16_t>(copies + copy)};
    world.lanes.push_back(lane);
    world.destinations.push_back(destination);
    world.destinations.back().name += std::to_string(copy);
    world.coverage[0].emplace_back(lane.to);
  }
  world.nodes[0].demand.assign(copies, 1);
  return world;
}

class FedHubs {
 public:
  using Payload = flow::Payload;
  struct Trailer {
    SimTime at = never;  ///< At least an hour after zero and not before the one before; never: no more.
    std::uint32_t pieces = 0;
  };
  using Feed = std::function<Trailer(std::size_t copy, std::uint32_t number)>;

  FedHubs(const World& world, const SimulationOptions& options, Feed feed)
      : context_(world, options, false, false), copies_(world.facilities.size() / 2), feed_(std::move(feed)) {
    for (std::size_t copy = 0; copy < copies_; ++copy) {
      hubs.push_back(std::make_unique<flow::FacilityProcess>(context_, FacilityId{static_cast<std::uint16_t>(copy)}));
    }
    next_.resize(copies_);
    sent_.resize(copies_);
    kernel::Engine engine(*this, kernel::Settings{.run = options.run, .threads = 2, .end = context_.end});
    for (std::size_t p = 0; p < engine.partition_count(); ++p) {
      ledgers_.push_back(std::make_unique<flow::Ledger>(context_, shard_));
    }
    for (std::size_t copy = 0; copy < copies_; ++copy) {
      for (const auto& [at, payload] : hubs[copy]->first_events()) {
        engine.schedule(lp(copy), at, payload, flow::priority_of(payload.happening));
      }
      next_[copy] = feed_(copy, 0);
      if (next_[copy].at != never) engine.schedule(lp(2 * copies_ + copy), next_[copy].at - hours(1), {});
    }
    engine.run();
    std::vector<std::vector<flow::Event>> pending(copies_);
    engine.for_each_pending([&](const flow::Event& event) {
      if (event.payload.container == nullptr) return;
      if (index(event.target) < copies_) {
        pending[index(event.target)].push_back(event);
      } else {
        flow::adopt(event);
      }
    });
    for (std::size_t copy = 0; copy < copies_; ++copy) hubs[copy]->close(context_.end, pending[copy], *ledgers_[0]);
  }

  std::size_t lp_count() const { return 3 * copies_; }  // Hubs, ends, feeders.
  std::string name(kernel::LpId lp) const { return "process " + std::to_string(index(lp)); }
  std::uint64_t name_hash(kernel::LpId lp) const { return mix64(index(lp)); }
  SimDuration lookahead(kernel::LpId lp) const { return index(lp) < copies_ ? hubs[index(lp)]->lookahead() : hours(1); }
  void handle(const flow::Event& event, flow::Outbox& outbox) {
    const std::size_t who = index(event.target);
    if (who < copies_) {
      hubs[who]->handle(event, outbox, *ledgers_[outbox.partition()]);
    } else if (who < 2 * copies_) {
      flow::adopt(event);
    } else {
      feed(who - 2 * copies_, event, outbox);
    }
  }

  /// Mean of (account.sojourn summed over the queues) / pieces, hours, by copy.
  [[nodiscard]] std::vector<double> mean_hours(std::initializer_list<std::size_t> queues) const {
    std::vector<double> means;
    for (const auto& hub : hubs) {
      double sum = 0;
      for (const std::size_t queue : queues) sum += static_cast<double>(hub->queues()[queue].sojourn);
      means.push_back(sum / static_cast<double>(hub->queues()[0].pieces) / 3'600'000);
    }
    return means;
  }
  std::vector<std::unique_ptr<flow::FacilityProcess>> hubs;

 private:
  struct Shard final : RecorderShard {
    void outcomes(std::span<const Outcome>) override {}
  };
  static kernel::LpId lp(std::size_t number) { return kernel::LpId{static_cast<std::uint32_t>(number)}; }

  void feed(std::size_t copy, const flow::Event& event, flow::Outbox& outbox) {
    const Trailer trailer = next_[copy];
    if (trailer.pieces > 0) {
      auto container = std::make_unique<flow::Container>(flow::Container{event.at, {}});
      for (std::uint32_t i = 0; i < trailer.pieces; ++i) {
        flow::Parcel parcel;
        parcel.id = ParcelId{(std::uint64_t{copy} << 40U) | sent_[copy]++};
        parcel.destination = DestinationId{static_cast<std::uint16_t>(copy)};
        container->parcels.push_back(parcel);
      }
      outbox.send(lp(copy), trailer.at, {container.release(), flow::from_pickup, flow::Happening::arrival},
                  flow::priority_of(flow::Happening::arrival));
    }
    next_[copy] = feed_(copy, ++fed_[copy]);
    if (next_[copy].at != never) outbox.send(event.target, next_[copy].at - hours(1), {});
  }

  flow::Context context_;
  std::size_t copies_;
  Feed feed_;
  Shard shard_;
  std::vector<std::unique_ptr<flow::Ledger>> ledgers_;
  std::vector<Trailer> next_;
  std::vector<std::uint64_t> sent_ = {};
  std::vector<std::uint32_t> fed_ = std::vector<std::uint32_t>(copies_);
};

}  // namespace peakstorm::test
