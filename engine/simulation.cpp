#include "engine/simulation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "engine/check.hpp"
#include "engine/checkpoint/byte_hash.hpp"
#include "engine/checkpoint/mark.hpp"
#include "engine/flow/companion_stream.hpp"
#include "engine/flow/companions.hpp"
#include "engine/flow/conservation.hpp"
#include "engine/flow/context.hpp"
#include "engine/flow/memory.hpp"
#include "engine/flow/parcel_model.hpp"
#include "engine/flow/streams.hpp"
#include "engine/hex.hpp"
#include "engine/kernel/engine.hpp"
#include "engine/kernel/profiler.hpp"
#include "engine/partition/planned_flow.hpp"
#include "engine/shared_season.hpp"

namespace peakstorm {
namespace {

using flow::Context;
using flow::FacilityProcess;
using flow::Ledger;
using flow::LedgerCounts;
using flow::NodeProcess;
using flow::ParcelModel;
using kernel::LpId;

Result<void> check_options(const World& world, const SimulationOptions& options) {
  const auto bad = [](std::string message) { return fail(ErrorKind::bad_input, std::move(message)); };
  if (!(options.scale > 0 && options.scale <= 10)) {
    return bad("scale " + std::to_string(options.scale) + ": must be above 0 and at most 10");
  }
  if (world.facilities.size() + world.nodes.size() >= index(no_place)) {
    return bad("the world has " + std::to_string(world.facilities.size() + world.nodes.size()) +
               " places; at most 65534 have a number");
  }
  struct Row {
    std::size_t count;
    std::size_t limit;
    const char* what;
  };
  // Where the largest number stands for "none", one less.
  for (const Row& row :
       {Row{world.carriers.size(), 256, "carriers"}, Row{world.services.size(), 255, "services"},
        Row{world.lanes.size(), 65'535, "lanes"}, Row{world.destinations.size(), 65'536, "destinations"},
        Row{world.shippers.size(), 256, "shippers"}, Row{world.zones.size(), 256, "time zones"},
        Row{world.calendars.size(), 256, "calendars"}, Row{world.sizes.size(), 256, "size classes"}}) {
    if (row.count <= row.limit) continue;
    return bad("the world has " + std::to_string(row.count) + " " + row.what + "; at most " +
               std::to_string(row.limit) + " have a number");
  }
  // A parcel's number within its node and hour has 32 bits. The busiest hour is at most the whole day.
  for (const Shipper& shipper : world.shippers) {
    Ppm season = shipper.season.empty() ? ppm_one : 0;
    for (const Ppm factor : shipper.season) season = std::max(season, factor);
    const Ppm weekday = *std::max_element(shipper.weekdays.begin(), shipper.weekdays.end());
    const double orders = shipper.orders_per_day * options.scale * (season * 1e-6) * (weekday * 1e-6);
    if (orders < 2e9) continue;
    return bad("shipper " + shipper.name + " has up to " + std::to_string(static_cast<std::uint64_t>(orders)) +
               " orders a day at scale " + std::to_string(options.scale) +
               "; less than 2000000000 have a number: choose a smaller --scale or split the shipper");
  }
  if ((world.day_count + world.drain_days) * 24 > 0xffff) {
    return bad("the horizon of " + std::to_string(world.day_count + world.drain_days) +
               " days is too long; at most 2730 days have hour numbers");
  }
  if (options.checkpoint_every < SimDuration::zero()) {
    return bad("checkpoint_every of " + std::to_string(options.checkpoint_every.count()) +
               " ms: give a positive time between checkpoints");
  }
  if (options.profile && options.exchange != nullptr && options.exchange->ranks() > 1) {
    return bad("a profile sees one rank only; run it without other ranks");
  }
  if (options.threads > 1024) return bad("threads " + std::to_string(options.threads) + ": at most 1024");
  return {};
}

/// Watches over SimulationOptions::memory_bytes: before the run by an estimate, during it by what is really in flight.
/// Each rank looks after itself: by the estimate, as if all had the same share, and a single one also by what it holds.
class MemoryLimit {
 public:
  MemoryLimit(const World& world, const SimulationOptions& options, bool streams, bool background, std::size_t ranks)
      : limit_(options.memory_bytes),
        is_alone_(ranks == 1),
        estimate_(share_of(estimate_memory(world, options, streams, background), ranks)),
        fixed_(bytes_without_parcels(world, options) + estimate_.tracked * flow::bytes_per_tracked) {}

  [[nodiscard]] Result<void> admits() const {
    if (limit_ == 0 || estimate_.bytes <= limit_) return {};
    return fail(ErrorKind::bad_input, "memory: the run would need about " + size(static_cast<double>(estimate_.bytes)) +
                                          " for " + parcels(estimate_.parcels_in_flight) + ", the limit is " +
                                          size(static_cast<double>(limit_)) + "; " + cure);
  }
  /// Cheap: called after every window. Once exceeded it stays so.
  [[nodiscard]] bool is_exceeded(std::uint64_t in_flight, std::uint64_t waiting_scans) {
    const double held = fixed_ + static_cast<double>(in_flight) * flow::bytes_per_parcel +
                        static_cast<double>(waiting_scans) * flow::bytes_per_scan;
    if (limit_ != 0 && is_alone_ && held > static_cast<double>(limit_)) {
      in_flight_ = in_flight;
      held_ = held;
    }
    return held_ > 0;
  }
  [[nodiscard]] Result<void> kept(SimTime now) const {
    if (held_ == 0) return {};
    return fail(ErrorKind::bad_input, "memory: on day " + std::to_string((now - day_zero) / days(1)) +
                                          " the run held " + size(held_) + " with " +
                                          parcels(static_cast<double>(in_flight_)) + ", the limit is " +
                                          size(static_cast<double>(limit_)) + "; " + cure);
  }

 private:
  static constexpr const char* cure =
      "choose a smaller --scale, spread the run over more ranks, or allow more with --memory";
  static MemoryEstimate share_of(MemoryEstimate estimate, std::size_t ranks) {
    const double elsewhere = estimate.parcels_in_flight * (1 - 1 / static_cast<double>(ranks));
    estimate.parcels_in_flight -= elsewhere;
    estimate.bytes -= static_cast<std::uint64_t>(elsewhere * flow::bytes_per_parcel);
    return estimate;
  }
  static double bytes_without_parcels(const World& world, const SimulationOptions& options) {
    const MemoryEstimate plain = estimate_memory(world, options, false, false);
    return static_cast<double>(plain.bytes) - plain.parcels_in_flight * flow::bytes_per_parcel;
  }
  static std::string decimals(double value) {
    const auto hundredths = static_cast<std::uint64_t>(std::llround(value * 100));
    const std::string rest = std::to_string(hundredths % 100);
    return std::to_string(hundredths / 100) + (rest.size() == 1 ? ".0" : ".") + rest;
  }
  static std::string size(double bytes) {
    constexpr double mib = 1024.0 * 1024;
    return bytes < 1024 * mib ? decimals(bytes / mib) + " MiB" : decimals(bytes / (1024 * mib)) + " GiB";
  }
  static std::string parcels(double count) {
    return (count < 1e6 ? std::to_string(std::llround(count)) : decimals(count / 1e6) + " million") +
           " parcels in flight";
  }

  std::uint64_t limit_;
  bool is_alone_;
  MemoryEstimate estimate_;
  double fixed_;
  std::uint64_t in_flight_ = 0;
  double held_ = 0;
};

/// What rank 0's recorder and caller ask for; all ranks must know it.
struct Wishes {
  bool streams = false;
  bool background = false;
  bool progress = false;
};

Wishes wishes_of(const Recorder& recorder, const SimulationOptions& options, kernel::Exchange& exchange) {
  std::array<std::uint64_t, 3> asked{};
  if (exchange.rank() == 0) {
    asked = {recorder.wants_streams() ? 1U : 0U, recorder.wants_background() ? 1U : 0U, options.progress ? 1U : 0U};
  }
  exchange.sum(asked);
  return {asked[0] != 0, asked[1] != 0, asked[2] != 0};
}

unsigned threads_of(const SimulationOptions& options) {
  return options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
}

kernel::Settings settings_of(const Context& context, const SimulationOptions& options, kernel::Exchange& exchange) {
  kernel::Settings settings;
  settings.run = options.run;
  settings.threads = threads_of(options);
  settings.end = context.end;
  settings.partition_of_lp = partition::partition_of_lp(context, kernel::default_partitions, exchange.ranks());
  settings.exchange = &exchange;
  return settings;
}

/// One run on one rank. Each rank has the whole World and handles its own processes. What belongs to the run and not to
/// a place (counts, digest, outcomes) stays with the rank that saw it, in the ledger and recorder shard of the
/// partition, until the end of the run, when rank 0 gets everything; scans and facts go to rank 0 every hour.
class Run {
 public:
  /// `companions`: who rides along, and `riding` what of theirs is in `world`; both or neither.
  Run(const World& world, const SimulationOptions& options, Recorder& recorder, kernel::Exchange& exchange,
      const Wishes& wishes, std::span<const Companion> companions = {}, const flow::Companions* riding = nullptr)
      : world_(world),
        options_(options),
        recorder_(recorder),
        exchange_(exchange),
        wishes_(wishes),
        companions_(companions),
        context_(world, options, wishes.streams, wishes.background, riding),
        model_(context_),
        streams_(context_, recorder, threads_of(options)),
        memory_(world, options, wishes.streams || !companions.empty(), wishes.background, exchange.ranks()) {
    for (const Companion& companion : companions) {
      companion_streams_.emplace_back(*companion.world, options.run, options.scale, *companion.recorder);
    }
  }

  Result<SimulationSummary> run() {
    if (auto admitted = agree(memory_.admits(), ErrorKind::bad_input, "memory"); !admitted)
      return tl::unexpected(admitted.error());
    kernel::Settings settings = settings_of(context_, options_, exchange_);
    if (options_.profile) {
      const std::vector<std::uint32_t>& table = settings.partition_of_lp;
      profiler_.emplace(table.size(), std::size_t{*std::max_element(table.begin(), table.end())} + 1);
      settings.probe = &*profiler_;
    }
    if (auto valid = Engine::validate(model_, settings); !valid) return tl::unexpected(valid.error());
    engine_.emplace(model_, std::move(settings));
    open_ledgers();
    if (options_.resume == nullptr) {
      schedule_first_events();
    } else if (auto resumed = agree(resume(*options_.resume), ErrorKind::bad_input, "resume"); !resumed) {
      return tl::unexpected(resumed.error());
    }
    auto totals = go_on();
    if (!totals) return tl::unexpected(totals.error());
    SimulationSummary summary = finish(*totals);
    if (auto kept = agree(memory_.kept(totals->now), ErrorKind::bad_input, "memory"); !kept)
      return tl::unexpected(kept.error());
    return summary;
  }

 private:
  using Engine = kernel::Engine<ParcelModel>;

  [[nodiscard]] bool is_first_rank() const { return exchange_.rank() == 0; }
  [[nodiscard]] std::size_t lps() const { return model_.lp_count(); }

  /// The same verdict on every rank: an error of any rank is an error of all.
  Result<void> agree(Result<void> mine, ErrorKind kind, const char* what) {
    const bool all_well = exchange_.minimum(mine.has_value() ? 1 : 0) == 1;
    if (!mine.has_value() || all_well) return mine;
    return fail(kind, std::string(what) + ": another rank had an error; see its message");
  }

  void open_ledgers() {
    model_.ledgers.resize(engine_->partition_count());
    std::size_t shard = 0;
    for (std::size_t p = 0; p < engine_->partition_count(); ++p) {
      if (engine_->is_local(p)) model_.ledgers[p] = std::make_unique<Ledger>(context_, recorder_.shard(shard++));
    }
    if (shard == 0) recorder_.shard(0);  // A rank without work still has a recorder to save.
  }

  template <class F>
  void for_each_ledger(F&& visit) const {
    for (const auto& ledger : model_.ledgers) {
      if (ledger) visit(*ledger);
    }
  }
  [[nodiscard]] LedgerCounts counts() const {
    LedgerCounts counts = counts_before_;
    for_each_ledger([&](const Ledger& ledger) { counts.add(ledger); });
    return counts;
  }

  void schedule_first_events() {
    const auto schedule = [&](std::size_t lp, const std::vector<std::pair<SimTime, flow::Payload>>& events) {
      for (const auto& [at, payload] : events) {
        if (at >= context_.end) continue;
        engine_->schedule(LpId{static_cast<std::uint32_t>(lp)}, at, payload, flow::priority_of(payload.happening));
      }
    };
    for (std::size_t f = 0; f < model_.facilities().size(); ++f) schedule(f, model_.facilities()[f]->first_events());
    for (std::size_t n = 0; n < model_.nodes().size(); ++n) {
      schedule(world_.facilities.size() + n, model_.nodes()[n]->first_events());
    }
  }

  // --- The streams.

  /// Brings what the ledgers wrote since the last time to rank 0, passes on every whole hour before `until`, and tells
  /// of the progress to `now`.
  /// Between ranks this happens once an hour, or when `at_once`: all ranks see the same windows, so they agree.
  void collect(SimTime now, SimTime until, bool at_once) {
    if (context_.streams && is_first_rank()) {
      for_each_ledger([&](Ledger& ledger) { streams_.collect(ledger.fresh_facts, ledger.fresh_scans); });
    }
    std::uint64_t parcels = 0;
    std::uint64_t scans = 0;
    if (exchange_.ranks() > 1) {
      const std::int64_t hour = floor_div(until.time_since_epoch().count(), hours(1).count());
      if (hour == collected_hour_ && !at_once) return;
      collected_hour_ = hour;
      std::vector<std::vector<std::byte>> outgoing(exchange_.ranks());
      if (!is_first_rank()) {
        BytesSink sink(outgoing[0]);
        ArchiveWriter archive(sink);
        const LedgerCounts mine = counts();
        archive(mine.parcels, mine.scans);
        for_each_ledger([&](Ledger& ledger) {
          archive(ledger.fresh_facts, ledger.fresh_scans);
          ledger.fresh_facts.clear();
          ledger.fresh_scans.clear();
        });
      }
      const auto incoming = exchange_.swap(outgoing);
      if (!is_first_rank()) return;
      for (const std::vector<std::byte>& bytes : incoming) {
        if (bytes.empty()) continue;
        BytesSource source(bytes);
        ArchiveReader archive(source);
        std::uint64_t its_parcels = 0;
        std::uint64_t its_scans = 0;
        archive(its_parcels, its_scans);
        parcels += its_parcels;
        scans += its_scans;
        std::vector<ParcelFacts> fresh_facts;
        flow::Chain<flow::KeyedScan> fresh_scans;
        while (source.left() > 0) {
          archive(fresh_facts, fresh_scans);
          PEAKSTORM_CHECK(archive.ok(), bytes.size(), source.left());
          streams_.collect(fresh_facts, fresh_scans);
        }
      }
    }
    if (context_.streams) streams_.release(until);
    release_companions(until, at_once);
    if (options_.progress) {
      const LedgerCounts mine = counts();
      options_.progress(
          {std::min(now, context_.end), context_.end, mine.parcels + parcels, mine.scans + scans, in_network()});
    }
  }

  void release_companions(SimTime until, bool at_once) {
    // Once a day: the shoppers of one are in the cache for all of it, where by the hour a hundred take turns.
    const std::int64_t day = floor_div(until.time_since_epoch().count(), days(1).count());
    if (day == companions_day_ && !at_once) return;
    companions_day_ = day;
    for (std::size_t c = 0; c < companion_streams_.size(); ++c) {
      for_each_ledger([&](Ledger& ledger) { companion_streams_[c].collect(ledger.companions()[c]); });
      companion_streams_[c].release(until);
    }
  }

  /// Parcels ordered and not yet ended here; those of companions are others'.
  std::uint64_t in_network() {
    std::int64_t in_flight = 0;
    for_each_ledger([&](const Ledger& ledger) { in_flight += ledger.in_flight(); });
    // After a checkpoint parcels end in other ledgers than they began.
    const auto before = static_cast<std::int64_t>(counts_before_.parcels - counts_before_.ended);
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, in_flight + before));
  }

  /// After every window: counts what is in flight here.
  bool outgrows_memory() {
    std::uint64_t present = in_network();
    if (!companions_.empty()) {
      std::int64_t theirs = 0;
      for_each_ledger([&](const Ledger& ledger) {
        for (const flow::CompanionLedger& its : ledger.companions()) theirs += its.counts.in_flight();
      });
      present += static_cast<std::uint64_t>(std::max<std::int64_t>(0, theirs));
    }
    in_flight_max_ = std::max(in_flight_max_, present);
    return memory_.is_exceeded(present, streams_.waiting());
  }

  // --- Checkpoints.

  /// Runs to the end or to a stop request, with checkpoints on the way. On all ranks alike.
  Result<Engine::Totals> go_on() {
    const bool keeps = options_.checkpoints != nullptr;
    const bool is_regular = keeps && options_.checkpoint_every > SimDuration::zero();
    SimTime next = never;
    if (is_regular) {
      const SimTime from = options_.resume != nullptr ? options_.resume->at : day_zero;
      next = day_zero + options_.checkpoint_every * ((from - day_zero) / options_.checkpoint_every + 1);
    }
    for (;;) {
      const auto totals = engine_->run(
          [&](SimTime window_end) {
            collect(window_end, window_end, false);
            return !outgrows_memory() && !options_.stop.stop_requested();
          },
          next);
      const bool is_over = totals.stopped || totals.now >= context_.end;
      if (keeps && totals.now < context_.end) {
        if (auto saved = save(totals.now); !saved) return tl::unexpected(saved.error());
      }
      if (is_over) return totals;
      next += options_.checkpoint_every;
    }
  }

  /// A part: its mark, the kernel's state, this rank's counts, on rank 0 the streams under way, what the recorder has,
  /// and a sum over all bytes.
  Result<void> save(SimTime at) {
    collect(at, at, true);
    for_each_ledger([](Ledger& ledger) { ledger.flush(); });
    checkpoint::SummedSink sink(options_.checkpoints->begin(at));
    ArchiveWriter archive(sink);
    checkpoint::Mark mark = checkpoint::mark_of(world_, options_, wishes_.streams, wishes_.background, at);
    mark.rank = static_cast<std::uint32_t>(exchange_.rank());
    mark.ranks = static_cast<std::uint32_t>(exchange_.ranks());
    archive(mark);
    engine_->save(archive);
    archive(counts());
    if (is_first_rank()) archive(streams_);
    recorder_.save(archive);
    sink.finish();
    if (auto finished = agree(options_.checkpoints->finish(), ErrorKind::io, "checkpoint"); !finished) return finished;
    return agree(options_.checkpoints->commit(), ErrorKind::io, "checkpoint");
  }

  Result<void> resume(const ResumePoint& point) {
    if (point.parts.empty()) {
      return fail(ErrorKind::bad_input, "checkpoint: it has no parts; give all files of one checkpoint");
    }
    const checkpoint::Mark mine = checkpoint::mark_of(world_, options_, wishes_.streams, wishes_.background, point.at);
    for (std::size_t part = 0; part < point.parts.size(); ++part) {
      checkpoint::SummedSource source(*point.parts[part]);
      ArchiveReader archive(source);
      checkpoint::Mark mark;
      archive(mark);
      if (auto checked = checkpoint::check_mark(mark, mine, part, point.parts.size()); !checked) return checked;
      engine_->load(archive);
      LedgerCounts its_counts;
      archive(its_counts);
      // Streams and records go on at rank 0; the other ranks pass over them.
      if (is_first_rank()) {
        counts_before_.add(its_counts);
        if (mark.rank == 0) archive(streams_);
        if (archive.ok()) recorder_.absorb(archive);
      }
      const bool is_sound = archive.ok();
      if (!source.finish(is_first_rank()) || !is_sound) {
        return fail(ErrorKind::bad_input,
                    "checkpoint: part " + std::to_string(part + 1) + " of " + std::to_string(point.parts.size()) +
                        " is cut short or damaged; resume from an earlier checkpoint or start again");
      }
    }
    if (!engine_->loaded()) {
      return fail(ErrorKind::bad_input, "checkpoint: its parts do not hold every place; give all parts of one");
    }
    look_ahead_again(point.at);
    return {};
  }

  /// Some events wait for what a disruption that begins later decides: the opening of a gate, the rate of a sorter. In
  /// this world others may begin.
  void look_ahead_again(SimTime now) {
    for (std::size_t f = 0; f < world_.facilities.size(); ++f) {
      if (engine_->is_local(LpId{static_cast<std::uint32_t>(f)})) model_.facilities()[f]->replan(now);
    }
    engine_->change_pending([&](flow::Event& event) {
      const FacilityId facility{static_cast<std::uint16_t>(event.target)};
      if (event.payload.happening == flow::Happening::arrival) {
        event.at = context_.gate(facility, event.payload.container->there);
      } else if (event.payload.happening == flow::Happening::sorted) {
        event.at = model_.facilities()[index(facility)]->next_wave();
      }
    });
  }

  // --- The end.

  /// Closes the accounts of this rank's places. Returns how many parcels were in each facility.
  std::vector<std::uint64_t> close_places(SimTime end) {
    std::vector<std::uint64_t> present(world_.facilities.size());
    std::vector<std::vector<flow::Event>> pending(world_.facilities.size());
    // What is still on its way belongs to where it goes.
    engine_->take_pending([&](const flow::Event& event) {
      if (event.payload.container == nullptr) return;
      if (event.payload.happening == flow::Happening::news) {
        flow::adopt(event);  // Reaches nobody any more.
      } else {
        pending[index(event.target)].push_back(event);
      }
    });
    for (std::size_t lp = 0; lp < lps(); ++lp) {
      const LpId id{static_cast<std::uint32_t>(lp)};
      if (!engine_->is_local(id)) continue;
      Ledger& ledger = *model_.ledgers[engine_->partitions()[lp]];
      if (lp < world_.facilities.size()) {
        present[lp] = model_.facilities()[lp]->present();
        model_.facilities()[lp]->close(end, pending[lp], ledger);
      } else {
        model_.nodes()[lp - world_.facilities.size()]->close(end, ledger);
      }
    }
    for_each_ledger([](Ledger& ledger) { ledger.flush(); });
    return present;
  }

  /// Brings the closed places, the counts and the records of all ranks to rank 0.
  void merge(std::vector<std::uint64_t>& present) {
    if (exchange_.ranks() == 1) return;
    exchange_.sum(present);
    std::vector<std::byte> mine;
    if (!is_first_rank()) {
      BytesSink sink(mine);
      ArchiveWriter archive(sink);
      std::uint64_t places = 0;
      for (std::size_t lp = 0; lp < lps(); ++lp)
        places += engine_->is_local(LpId{static_cast<std::uint32_t>(lp)}) ? 1 : 0;
      archive(counts(), places);
      for (std::size_t lp = 0; lp < lps(); ++lp) {
        const LpId id{static_cast<std::uint32_t>(lp)};
        if (!engine_->is_local(id)) continue;
        archive(id);
        model_.save_state(id, archive);
      }
      recorder_.save(archive);
    }
    const auto all = exchange_.gather(mine);
    for (std::size_t rank = 1; rank < all.size(); ++rank) {
      BytesSource source(all[rank]);
      ArchiveReader archive(source);
      LedgerCounts its_counts;
      std::uint64_t places = 0;
      archive(its_counts, places);
      counts_before_.add(its_counts);
      for (; places > 0; --places) {
        LpId id{};
        archive(id);
        PEAKSTORM_CHECK(archive.ok(), rank, places);
        model_.load_state(id, archive);
      }
      recorder_.absorb(archive);
      PEAKSTORM_CHECK(archive.ok(), rank);
      PEAKSTORM_CHECK(source.left() == 0, rank, source.left());
    }
  }

  SimulationSummary finish(const Engine::Totals& totals) {
    SimulationSummary summary;
    summary.partial = totals.stopped;
    summary.events = totals.events;
    summary.windows = totals.windows;
    if (profiler_) summary.profile = profiler_->profile();
    summary.in_flight_max = in_flight_max_;
    summary.end = summary.partial ? std::min(totals.now, context_.end) : context_.end;
    std::vector<std::uint64_t> present = close_places(summary.end);
    // Scans of a round that a stopped run sent out lie after its end: they belong to the stream all the same.
    collect(summary.end, context_.end, true);
    merge(present);
    if (is_first_rank()) report(present, summary);
    share(summary);
    flow::BlockStore::release();
    return summary;
  }

  /// Tells the recorder about the places, and sums up. On rank 0.
  void report(const std::vector<std::uint64_t>& present, SimulationSummary& summary) {
    flow::Conservation conservation(context_, summary.end);
    flow::DigestSum digest;
    std::vector<PlaceDay> place_days;
    std::vector<QueueAccount> queues;
    const auto take_days = [&](const std::vector<PlaceDay>& days_of_place) {
      for (const PlaceDay& d : days_of_place) {
        digest.add(context_.place_hash[index(d.place)] + static_cast<std::uint64_t>(d.day),
                   (std::uint64_t{d.arrived} << 32U) | d.departed,
                   mix64((std::uint64_t{d.missed_sorts} << 32U) | d.rollovers) +
                       ((std::uint64_t{d.wait_minutes} << 32U) | d.excess_minutes));
        place_days.push_back(d);
      }
    };
    for (std::size_t f = 0; f < world_.facilities.size(); ++f) {
      const FacilityProcess& process = *model_.facilities()[f];
      conservation.add(process, world_.facilities[f].carrier, present[f]);
      take_days(process.place_days());
      for (const QueueAccount& account : process.queues()) {
        digest.add(context_.place_hash[f] + account.queue, account.pieces, static_cast<std::uint64_t>(account.area));
        queues.push_back(account);
      }
      const std::vector<PlaceLoad> loads = process.loads();
      recorder_.load_series(world_.place(FacilityId{static_cast<std::uint16_t>(f)}), flow::LoadSeries::step, loads);
    }
    for (std::size_t n = 0; n < world_.nodes.size(); ++n) {
      if (context_.is_companions(ShipNodeId{static_cast<std::uint16_t>(n)})) break;  // The rest is theirs.
      const NodeProcess& process = *model_.nodes()[n];
      conservation.add(process);
      take_days(process.place_days());
      const std::vector<PlaceLoad> loads = process.loads();
      recorder_.load_series(world_.place(ShipNodeId{static_cast<std::uint16_t>(n)}), flow::LoadSeries::step, loads);
    }
    recorder_.place_days(place_days);
    recorder_.queues(queues);
    summary.conservation = conservation.finish(recorder_, !summary.partial);
    for (std::size_t c = 0; c < summary.conservation.size(); ++c) {
      const std::uint64_t carrier = hash64(world_.carriers[c].name);
      for (std::size_t d = 0; d < conservation.series()[c].size(); ++d) {
        const Census& census = conservation.series()[c][d];
        digest.add(carrier + d, census.injected * 3 + census.inside,
                   mix64(census.delivered) + census.lost * 5 + census.returned * 7);
      }
    }
    const LedgerCounts all = counts();
    digest.add(all.digest.sum());
    recorder_.leg_work(all.legs);
    summary.parcels = all.parcels;
    summary.tracked = all.tracked;
    summary.scans = all.scans;
    summary.scans_by_kind = all.scans_by_kind;
    summary.digest = digest.sum();
    for (std::size_t c = 0; c < companions_.size(); ++c) {
      LedgerCounts theirs;
      for_each_ledger([&](const Ledger& ledger) { theirs.add(ledger.companions()[c].counts); });
      companions_[c].recorder->leg_work(theirs.legs);
    }
  }

  /// Gives every rank the summary of rank 0: the others add zeros.
  void share(SimulationSummary& summary) {
    summary.conservation.resize(world_.carriers.size());
    std::vector<std::uint64_t*> members{&summary.digest.high, &summary.digest.low, &summary.parcels, &summary.tracked,
                                        &summary.scans};
    for (std::uint64_t& count : summary.scans_by_kind) members.push_back(&count);
    for (Census& census : summary.conservation) {
      for (std::uint64_t* count :
           {&census.injected, &census.delivered, &census.lost, &census.returned, &census.inside}) {
        members.push_back(count);
      }
    }
    std::vector<std::uint64_t> values;
    values.reserve(members.size());
    for (const std::uint64_t* member : members) values.push_back(*member);
    exchange_.sum(values);
    for (std::size_t i = 0; i < members.size(); ++i) *members[i] = values[i];
  }

  const World& world_;
  const SimulationOptions& options_;
  Recorder& recorder_;
  kernel::Exchange& exchange_;
  Wishes wishes_;
  std::span<const Companion> companions_;
  Context context_;
  ParcelModel model_;
  std::optional<kernel::Profiler> profiler_;             ///< Outlives the engine that reports to it.
  flow::Streams streams_;                                ///< On rank 0.
  std::deque<flow::CompanionStream> companion_streams_;  ///< By companion.
  std::int64_t companions_day_ = -1;                     ///< Last released.
  MemoryLimit memory_;
  std::uint64_t in_flight_max_ = 0;
  std::optional<Engine> engine_;
  LedgerCounts counts_before_;        ///< Of a checkpoint, and at the end of other ranks; on rank 0.
  std::int64_t collected_hour_ = -1;  ///< Of the last exchange of streams.
};

}  // namespace

std::string Digest::hex() const {
  std::string text;
  append_hex64(text, high);
  append_hex64(text, low);
  return text;
}

Result<void> check_run(const World& world, const SimulationOptions& options, bool streams, bool background) {
  if (auto checked = check_options(world, options); !checked) return checked;
  const std::size_t ranks = options.exchange != nullptr ? options.exchange->ranks() : 1;
  return MemoryLimit(world, options, streams, background, ranks).admits();
}

Result<SimulationSummary> simulate(const World& world, const SimulationOptions& options, Recorder& recorder) {
  if (auto checked = check_options(world, options); !checked) return tl::unexpected(checked.error());
  kernel::SingleRank alone;
  kernel::Exchange& exchange = options.exchange != nullptr ? *options.exchange : alone;
  return Run(world, options, recorder, exchange, wishes_of(recorder, options, exchange)).run();
}

Result<SimulationSummary> simulate_shared(const World& world, std::span<const Companion> companions,
                                          const SimulationOptions& options, Recorder& recorder) {
  const auto bad = [](const char* message) { return fail(ErrorKind::bad_input, message); };
  if (options.exchange != nullptr && options.exchange->ranks() > 1) {
    return bad("a shared season runs on one rank; run the policies one by one, or without other ranks");
  }
  if (options.checkpoints != nullptr || options.resume != nullptr) {
    return bad("a shared season has no checkpoints; run the policies one by one");
  }
  if (options.profile) return bad("a shared season has no profile; run the policies one by one");
  if (companions.size() > companions_max(world)) {
    return fail(ErrorKind::bad_input, std::to_string(companions.size()) + " policies in one season: at most " +
                                          std::to_string(companions_max(world)) + " have a number; share several");
  }
  for (const Companion& companion : companions) {
    PEAKSTORM_CHECK(companion.world->shippers.size() == world.shippers.size(), companion.world->name);
    PEAKSTORM_CHECK(companion.world->facilities.size() == world.facilities.size(), companion.world->name);
    PEAKSTORM_CHECK(companion.world->disruptions.size() == world.disruptions.size(), companion.world->name);
  }
  if (companions.empty()) return simulate(world, options, recorder);
  World all = world;
  const flow::Companions riding(all, companions);
  if (auto checked = check_options(all, options); !checked) return tl::unexpected(checked.error());
  kernel::SingleRank alone;
  return Run(all, options, recorder, alone, wishes_of(recorder, options, alone), companions, &riding).run();
}

}  // namespace peakstorm
