#include "engine/simulation.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "engine/check.hpp"
#include "engine/flow/context.hpp"
#include "engine/flow/facility.hpp"
#include "engine/flow/ledger.hpp"
#include "engine/flow/ship_node.hpp"
#include "engine/flow/streams.hpp"
#include "engine/kernel/engine.hpp"
#include "engine/partition/planned_flow.hpp"

namespace peakstorm {
namespace {

using flow::Context;
using flow::FacilityProcess;
using flow::Ledger;
using flow::NodeProcess;
using kernel::LpId;

/// The parcel network as a model of the kernel: facilities first, then ship nodes.
class ParcelModel {
 public:
  using Payload = flow::Payload;

  explicit ParcelModel(const Context& context) : context_(context) {
    for (std::size_t f = 0; f < context.world.facilities.size(); ++f) {
      facilities_.push_back(std::make_unique<FacilityProcess>(context, FacilityId{static_cast<std::uint16_t>(f)}));
    }
    for (std::size_t n = 0; n < context.world.nodes.size(); ++n) {
      nodes_.push_back(std::make_unique<NodeProcess>(context, ShipNodeId{static_cast<std::uint16_t>(n)}));
    }
    for (const auto& facility : facilities_) lookahead_.push_back(facility->lookahead());
    for (const auto& node : nodes_) lookahead_.push_back(node->lookahead());
  }

  [[nodiscard]] std::size_t lp_count() const { return lookahead_.size(); }
  [[nodiscard]] std::uint64_t name_hash(LpId lp) const { return context_.place_hash[index(lp)]; }
  [[nodiscard]] std::string name(LpId lp) const {
    return context_.world.place_name(PlaceId{static_cast<std::uint16_t>(lp)});
  }
  [[nodiscard]] SimDuration lookahead(LpId lp) const { return lookahead_[index(lp)]; }

  void handle(const flow::Event& event, flow::Outbox& outbox) {
    Ledger& ledger = *ledgers[outbox.partition()];
    const std::size_t lp = index(event.target);
    if (lp < facilities_.size()) {
      facilities_[lp]->handle(event, outbox, ledger);
    } else {
      nodes_[lp - facilities_.size()]->handle(event, outbox, ledger);
    }
  }

  [[nodiscard]] std::vector<std::unique_ptr<FacilityProcess>>& facilities() { return facilities_; }
  [[nodiscard]] std::vector<std::unique_ptr<NodeProcess>>& nodes() { return nodes_; }

  std::vector<std::unique_ptr<Ledger>> ledgers;  ///< By partition.

 private:
  const Context& context_;
  std::vector<std::unique_ptr<FacilityProcess>> facilities_;
  std::vector<std::unique_ptr<NodeProcess>> nodes_;
  std::vector<SimDuration> lookahead_;
};

Result<void> check_options(const World& world, const SimulationOptions& options) {
  const auto bad = [](std::string message) { return fail(ErrorKind::bad_input, std::move(message)); };
  if (!(options.scale > 0 && options.scale <= 10)) {
    return bad("scale " + std::to_string(options.scale) + ": must be above 0 and at most 10");
  }
  if (world.facilities.size() + world.nodes.size() >= index(no_place)) {
    return bad("the world has " + std::to_string(world.facilities.size() + world.nodes.size()) +
               " places; at most 65534 have a number");
  }
  if ((world.day_count + world.drain_days) * 24 > 0xffff) {
    return bad("the horizon of " + std::to_string(world.day_count + world.drain_days) +
               " days is too long; at most 2730 days have hour numbers");
  }
  if (options.threads > 1024) return bad("threads " + std::to_string(options.threads) + ": at most 1024");
  return {};
}

/// Adds up the carriers' counts at every midnight and checks that no parcel was made or lost on the way.
class Conservation {
 public:
  Conservation(const Context& context, SimTime end)
      : context_(context), midnights_(static_cast<std::size_t>((end - day_zero) / days(1)) + 1) {
    series_.assign(context.world.carriers.size(), std::vector<Census>(midnights_));
    last_.resize(context.world.carriers.size());
  }

  void add(const FacilityProcess& process, CarrierId carrier, std::uint64_t present) {
    std::vector<Census>& series = series_[index(carrier)];
    Census& last = last_[index(carrier)];
    add(series, last, process.flows().delivered, &Census::delivered);
    add(series, last, process.flows().lost, &Census::lost);
    add(series, last, process.flows().returned, &Census::returned);
    add(series, last, process.flows().transit, &Census::inside);
    const std::vector<PlaceLoad> loads = process.loads();
    for (std::size_t d = 0; d < midnights_; ++d) {
      const PlaceLoad& load = loads[d * 24];
      series[d].inside += std::uint64_t{load.sorting} + load.docked + load.delivering;
    }
    last.inside += present;
  }
  void add(const NodeProcess& node) {
    for (std::size_t c = 0; c < series_.size(); ++c) {
      add(series_[c], last_[c], node.injected(CarrierId{static_cast<std::uint8_t>(c)}), &Census::injected);
    }
  }
  /// Reports and returns the counts at the end. `complete`: the run ended at its last midnight.
  std::vector<Census> finish(Recorder& recorder, bool complete) {
    for (std::size_t c = 0; c < series_.size(); ++c) {
      std::vector<Census>& series = series_[c];
      const std::string& carrier = context_.world.carriers[c].name;
      if (!complete) series.push_back(last_[c]);
      for (std::size_t d = 0; d < series.size(); ++d) {
        const Census& census = series[d];
        PEAKSTORM_CHECK(census.balanced(), carrier, d, census.injected, census.delivered, census.lost, census.returned,
                        census.inside);
      }
      PEAKSTORM_CHECK(last_[c].balanced(), carrier, last_[c].injected, last_[c].delivered, last_[c].lost,
                      last_[c].returned, last_[c].inside);
      recorder.census(CarrierId{static_cast<std::uint8_t>(c)}, series);
    }
    return last_;
  }
  [[nodiscard]] const std::vector<std::vector<Census>>& series() const { return series_; }

 private:
  void add(std::vector<Census>& series, Census& last, const flow::MidnightCount& count,
           std::uint64_t Census::*member) const {
    const std::vector<std::int64_t> sums = count.series();
    for (std::size_t d = 0; d < midnights_; ++d) series[d].*member += static_cast<std::uint64_t>(sums[d]);
    last.*member += static_cast<std::uint64_t>(sums.back());
  }

  const Context& context_;
  std::size_t midnights_;
  std::vector<std::vector<Census>> series_;
  std::vector<Census> last_;
};

}  // namespace

std::string Digest::hex() const {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint64_t half : {high, low}) {
    for (int shift = 60; shift >= 0; shift -= 4) text += digits[(half >> static_cast<unsigned>(shift)) & 15U];
  }
  return text;
}

Result<SimulationSummary> simulate(const World& world, const SimulationOptions& options, Recorder& recorder) {
  if (auto checked = check_options(world, options); !checked) return tl::unexpected(checked.error());
  const Context context(world, options, recorder.wants_streams(), recorder.wants_background());
  ParcelModel model(context);

  kernel::Settings settings;
  settings.run = options.run;
  settings.threads = options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  settings.end = context.end;
  settings.partition_of_lp = partition::partition_of_lp(context, kernel::default_partitions,
                                                        options.exchange != nullptr ? options.exchange->ranks() : 1);
  if (auto valid = kernel::Engine<ParcelModel>::validate(model, settings); !valid) {
    return tl::unexpected(valid.error());
  }
  kernel::Engine<ParcelModel> engine(model, settings);
  for (std::size_t p = 0; p < engine.partition_count(); ++p) {
    model.ledgers.push_back(std::make_unique<Ledger>(context, recorder.shard(p)));
  }
  for (std::size_t f = 0; f < model.facilities().size(); ++f) {
    for (const auto& [at, payload] : model.facilities()[f]->first_events()) {
      if (at < context.end) {
        engine.schedule(LpId{static_cast<std::uint32_t>(f)}, at, payload, flow::priority_of(payload.happening));
      }
    }
  }
  for (std::size_t n = 0; n < model.nodes().size(); ++n) {
    for (const auto& [at, payload] : model.nodes()[n]->first_events()) {
      engine.schedule(LpId{static_cast<std::uint32_t>(world.facilities.size() + n)}, at, payload,
                      flow::priority_of(payload.happening));
    }
  }

  flow::Streams streams(context, recorder);
  SimulationSummary summary;
  const auto totals = engine.run([&](SimTime window_end) {
    if (context.streams) {
      for (const auto& ledger : model.ledgers) streams.collect(*ledger);
      streams.release(window_end);
    }
    if (options.progress) {
      SimulationProgress progress{std::min(window_end, context.end), context.end, 0, 0};
      for (const auto& ledger : model.ledgers) {
        progress.parcels += ledger->parcels;
        progress.scans += ledger->scans;
      }
      options.progress(progress);
    }
    summary.partial = options.stop.stop_requested();
    return !summary.partial;
  });
  summary.events = totals.events;
  summary.windows = totals.windows;
  summary.end = summary.partial ? std::min(totals.now, context.end) : context.end;

  // What is still on its way belongs to where it goes.
  std::vector<std::vector<flow::Event>> pending(world.facilities.size());
  engine.for_each_pending([&](const flow::Event& event) {
    if (event.payload.container != nullptr) pending[index(event.target)].push_back(event);
  });
  const auto ledger_of = [&](std::size_t lp) -> Ledger& { return *model.ledgers[engine.partitions()[lp]]; };
  std::vector<std::uint64_t> present(world.facilities.size());
  for (std::size_t f = 0; f < world.facilities.size(); ++f) {
    present[f] = model.facilities()[f]->present();
    model.facilities()[f]->close(summary.end, pending[f], ledger_of(f));
  }
  for (std::size_t n = 0; n < world.nodes.size(); ++n) {
    model.nodes()[n]->close(summary.end, ledger_of(world.facilities.size() + n));
  }

  Conservation conservation(context, summary.end);
  flow::DigestSum digest;
  std::vector<PlaceDay> place_days;
  std::vector<QueueAccount> queues;
  const auto take_days = [&](const std::vector<PlaceDay>& days_of_place) {
    for (const PlaceDay& d : days_of_place) {
      digest.add(context.place_hash[index(d.place)] + static_cast<std::uint64_t>(d.day),
                 (std::uint64_t{d.arrived} << 32U) | d.departed,
                 mix64((std::uint64_t{d.missed_sorts} << 32U) | d.rollovers) +
                     ((std::uint64_t{d.wait_minutes} << 32U) | d.excess_minutes));
      place_days.push_back(d);
    }
  };
  for (std::size_t f = 0; f < world.facilities.size(); ++f) {
    const FacilityProcess& process = *model.facilities()[f];
    conservation.add(process, world.facilities[f].carrier, present[f]);
    take_days(process.place_days());
    for (const QueueAccount& account : process.queues()) {
      digest.add(context.place_hash[f] + account.queue, account.pieces, static_cast<std::uint64_t>(account.area));
      queues.push_back(account);
    }
    const std::vector<PlaceLoad> loads = process.loads();
    recorder.load_series(world.place(FacilityId{static_cast<std::uint16_t>(f)}), flow::LoadSeries::step, loads);
  }
  for (std::size_t n = 0; n < world.nodes.size(); ++n) {
    const NodeProcess& process = *model.nodes()[n];
    conservation.add(process);
    take_days(process.place_days());
    const std::vector<PlaceLoad> loads = process.loads();
    recorder.load_series(world.place(ShipNodeId{static_cast<std::uint16_t>(n)}), flow::LoadSeries::step, loads);
  }
  if (context.streams) {
    for (const auto& ledger : model.ledgers) streams.collect(*ledger);
    // Scans of a round that a stopped run sent out lie after its end: they belong to the stream all the same.
    streams.release(summary.partial ? context.end : summary.end);
  }
  recorder.place_days(place_days);
  recorder.queues(queues);
  summary.conservation = conservation.finish(recorder, !summary.partial);
  for (std::size_t c = 0; c < summary.conservation.size(); ++c) {
    const std::uint64_t carrier = hash64(world.carriers[c].name);
    for (std::size_t d = 0; d < conservation.series()[c].size(); ++d) {
      const Census& census = conservation.series()[c][d];
      digest.add(carrier + d, census.injected * 3 + census.inside,
                 mix64(census.delivered) + census.lost * 5 + census.returned * 7);
    }
  }
  for (const auto& ledger : model.ledgers) {
    ledger->flush();
    digest.add(ledger->digest.sum());
    summary.parcels += ledger->parcels;
    summary.tracked += ledger->tracked;
    summary.scans += ledger->scans;
    for (std::size_t k = 0; k < scan_kind_end; ++k) summary.scans_by_kind[k] += ledger->scans_by_kind[k];
  }
  summary.digest = digest.sum();
  flow::BlockStore::release();
  return summary;
}

}  // namespace peakstorm
