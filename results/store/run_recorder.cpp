#include "results/run_recorder.hpp"

#include <algorithm>
#include <map>

#include "engine/check.hpp"
#include "results/measures/names.hpp"

namespace peakstorm {
namespace {

/// Hands everything to the measures, and the streams to the run folder as well.
class Tee final : public Recorder {
 public:
  Tee(Measures& measures, RunWriter* writer) : measures_(measures), writer_(writer) {}

  RecorderShard& shard(std::size_t partition) override { return measures_.shard(partition); }
  [[nodiscard]] bool wants_streams() const override { return measures_.wants_streams(); }
  [[nodiscard]] bool wants_background() const override { return measures_.wants_background(); }
  void parcels(std::span<const ParcelFacts> facts) override { measures_.parcels(facts); }
  void scans(std::span<const Scan> scans) override {
    measures_.scans(scans);
    if (writer_ != nullptr) writer_->scans(scans);
  }
  void acts(std::span<const ShopperAct> acts) override {
    measures_.acts(acts);
    if (writer_ != nullptr) writer_->acts(acts);
  }
  void load_series(PlaceId place, SimDuration step, std::span<const PlaceLoad> loads) override {
    measures_.load_series(place, step, loads);
  }
  void place_days(std::span<const PlaceDay> days) override { measures_.place_days(days); }
  void census(CarrierId carrier, std::span<const Census> census) override { measures_.census(carrier, census); }
  void queues(std::span<const QueueAccount> queues) override { measures_.queues(queues); }
  void leg_work(std::span<const LegWork> work) override { measures_.leg_work(work); }

  void save(ArchiveWriter& archive) const override {
    measures_.save(archive);
    // In bytes of their own, so that a recorder without a folder can pass over them.
    std::vector<std::byte> folder;
    if (writer_ != nullptr) {
      BytesSink sink(folder);
      ArchiveWriter into(sink);
      writer_->save(into);
    }
    archive(folder);
  }
  void absorb(ArchiveReader& archive) override {
    measures_.absorb(archive);
    std::vector<std::byte> folder;
    archive(folder);
    if (writer_ == nullptr || folder.empty() || !archive.ok()) return;
    BytesSource source(folder);
    ArchiveReader from(source);
    if (!writer_->resume(from)) archive.fail();
  }

 private:
  Measures& measures_;
  RunWriter* writer_;
};

VerdictCounts population(const std::array<VerdictCounts, role_count>& totals, bool all) {
  VerdictCounts counts = totals[0];
  if (all) counts += totals[1];
  return counts;
}

}  // namespace

struct RunRecorder::Impl {
  const World& world;
  RunRecorderOptions options;
  std::unique_ptr<RunWriter> writer;
  std::unique_ptr<Measures> first;    ///< Replication 0.
  std::unique_ptr<Measures> current;  ///< A later one, while it runs.
  std::unique_ptr<Tee> tee;
  std::optional<SimulationSummary> summary;
  double wall_s = 0;
  std::vector<ReplicationRates> rates;
  bool partial = false;
  std::unique_ptr<Reconciliation> reconciliation;
  std::unique_ptr<ReplayRecorder> watched;  ///< What the replay sees.
  bool replay_ended = false;

  Impl(const World& w, const RunRecorderOptions& o) : world(w), options(o) {}

  [[nodiscard]] Rate rate_of(OnTimeDefinition definition, bool all) const {
    Rate rate;
    std::vector<double> kept;
    std::vector<double> counted;
    for (const ReplicationRates& r : rates) {
      const VerdictCounts counts = population(r.totals, all);
      kept.push_back(static_cast<double>(counts.kept(definition)));
      counted.push_back(static_cast<double>(counts.counted(definition)));
      if (r.replication == 0) {
        rate.kept = counts.kept(definition);
        rate.broken = counts.broken(definition);
        rate.value = counts.rate(definition);
      }
    }
    rate.interval = ratio_interval(kept, counted);
    if (rate.interval) rate.value = rate.interval->mean;
    return rate;
  }
};

namespace {

/// Passes everything on and remembers that the replay ended.
class Watched final : public ReplayRecorder {
 public:
  Watched(Reconciliation& target, bool& ended, bool& partial) : target_(target), ended_(ended), partial_(partial) {}
  void begin(const ReplayEnvironment& environment) override { target_.begin(environment); }
  void request(const RequestRecord& record) override { target_.request(record); }
  void injected(const InjectedFault& fault) override { target_.injected(fault); }
  void shown(const ShownStatus& status) override { target_.shown(status); }
  void read_back(const ShownParcel& parcel) override { target_.read_back(parcel); }
  void stored(const StoredMessage& message) override { target_.stored(message); }
  void stored_all() override { target_.stored_all(); }
  void senders(std::span<const ReplaySender> senders) override { target_.senders(senders); }
  void end(std::chrono::nanoseconds wall, std::chrono::nanoseconds cpu, bool complete) override {
    target_.end(wall, cpu, complete);
    ended_ = true;
    partial_ = partial_ || !complete;
  }

 private:
  Reconciliation& target_;
  bool& ended_;
  bool& partial_;
};

}  // namespace

RunRecorder::RunRecorder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RunRecorder::~RunRecorder() = default;

Result<std::unique_ptr<RunRecorder>> RunRecorder::create(const World& world, const RunRecorderOptions& options) {
  auto impl = std::make_unique<Impl>(world, options);
  if (impl->options.folder) {
    impl->options.folder->streams = options.streams;
    auto writer = RunWriter::create(world, *impl->options.folder);
    if (!writer) return tl::unexpected(writer.error());
    impl->writer = std::move(*writer);
  }
  return std::unique_ptr<RunRecorder>(new RunRecorder(std::move(impl)));
}

Recorder& RunRecorder::replication(std::uint32_t number) {
  Impl& m = *impl_;
  PEAKSTORM_CHECK(number == m.rates.size(), number, m.rates.size());
  // Later replications only add to the intervals, so they need no streams. The engine's results do not depend on
  // whether anybody listens.
  const bool is_first = number == 0;
  auto measures = std::make_unique<Measures>(m.world, MeasuresOptions{.streams = is_first && m.options.streams,
                                                                      .background = is_first && m.options.background});
  Measures& target = *measures;
  (is_first ? m.first : m.current) = std::move(measures);
  m.tee = std::make_unique<Tee>(target, is_first ? m.writer.get() : nullptr);
  return *m.tee;
}

Result<void> RunRecorder::simulated(std::uint32_t number, const SimulationSummary& summary, double wall_s) {
  Impl& m = *impl_;
  PEAKSTORM_CHECK(number == m.rates.size(), number, m.rates.size());
  Measures& measures = number == 0 ? *m.first : *m.current;
  measures.finish();
  m.rates.push_back({number, summary.digest.hex(), measures.tables().totals});
  m.partial = m.partial || summary.partial;
  if (number == 0) {
    m.summary = summary;
    m.wall_s = wall_s;
    if (m.writer) return m.writer->close_streams();
  }
  m.current.reset();
  return {};
}

Result<void> RunRecorder::sync() {
  if (impl_->writer) return impl_->writer->sync();
  return {};
}

Result<void> RunRecorder::status() const {
  if (impl_->writer) return impl_->writer->status();
  return {};
}

Result<std::unique_ptr<ReplaySource>> RunRecorder::replay_source() const {
  const Impl& m = *impl_;
  PEAKSTORM_CHECK(m.writer && m.options.streams && m.summary, m.options.streams);
  std::vector<ParcelFacts> facts;
  facts.reserve(m.first->tracked().size());
  for (const TrackedParcel& parcel : m.first->tracked()) facts.push_back(parcel.facts);
  return m.writer->replay_source(std::move(facts));
}

Result<ReplayRecorder*> RunRecorder::replay_recorder(ShownRules rules, const ReconcileOptions& options) {
  Impl& m = *impl_;
  PEAKSTORM_CHECK(m.writer && m.options.streams && m.summary, m.options.streams);
  PEAKSTORM_CHECK(!m.reconciliation, m.rates.size());
  std::vector<TruthParcel> parcels;
  parcels.reserve(m.first->tracked().size());
  for (const TrackedParcel& parcel : m.first->tracked()) {
    parcels.push_back(
        {parcel.facts, parcel.verdicts[static_cast<std::size_t>(OnTimeDefinition::promise)], parcel.measured});
  }
  m.reconciliation = std::make_unique<Reconciliation>(m.world, std::move(parcels), std::move(rules), options);
  auto read = m.writer->for_each_scan([&](std::span<const Scan> scans) { m.reconciliation->truth(scans); });
  if (!read) return tl::unexpected(read.error());
  m.watched = std::make_unique<Watched>(*m.reconciliation, m.replay_ended, m.partial);
  return m.watched.get();
}

const Reconciliation* RunRecorder::replaying() const {
  return impl_->reconciliation.get();
}

RunRecorder::PromisesSoFar RunRecorder::promises_so_far() const {
  const Measures* const measures = impl_->current ? impl_->current.get() : impl_->first.get();
  if (measures == nullptr) return {};
  const VerdictCounts counts = measures->so_far()[static_cast<std::size_t>(ShipperRole::retailer)];
  return {counts.kept(OnTimeDefinition::promise), counts.broken(OnTimeDefinition::promise)};
}

const ReplayResults* RunRecorder::replay_results() const {
  return impl_->replay_ended ? &impl_->reconciliation->results() : nullptr;
}

MeasureMap RunRecorder::measures() const {
  const Impl& m = *impl_;
  PEAKSTORM_CHECK(m.summary, m.rates.size());
  MeasureMap measures = m.first->measures();
  const auto put = [&](const std::string& name, const Rate& rate) {
    Measure measure{rate.value, Unit::share, std::nullopt, std::nullopt};
    if (rate.interval) {
      measure.low = rate.interval->low;
      measure.high = rate.interval->high;
    }
    measures[name] = measure;
  };
  for (std::size_t d = 0; d < on_time_definitions; ++d) {
    const auto definition = static_cast<OnTimeDefinition>(d);
    put(names::on_time(definition), m.rate_of(definition, false));
    if (names::has_population_all(definition)) put(names::on_time_all(definition), m.rate_of(definition, true));
  }
  put("promise_kept", m.rate_of(OnTimeDefinition::promise, false));
  const auto count = [&](const char* name, std::uint64_t value) {
    measures[name] = {static_cast<double>(value), Unit::count, std::nullopt, std::nullopt};
  };
  count("parcels", m.summary->parcels);
  count("parcels.tracked", m.summary->tracked);
  count("scans", m.summary->scans);
  if (m.replay_ended) m.reconciliation->results().add_to(measures);
  return measures;
}

HeadlineNumbers RunRecorder::headline() const {
  const Impl& m = *impl_;
  PEAKSTORM_CHECK(m.summary, m.rates.size());
  HeadlineNumbers h;
  h.parcels = m.summary->parcels;
  h.tracked = m.summary->tracked;
  h.scans = m.summary->scans;
  h.replications = m.rates.size();
  for (std::size_t d = 0; d < on_time_definitions; ++d) {
    const auto definition = static_cast<OnTimeDefinition>(d);
    h.on_time[d] = m.rate_of(definition, false);
    if (names::has_population_all(definition)) h.on_time_all[d] = m.rate_of(definition, true);
  }
  h.late_parcels = h.on_time[static_cast<std::size_t>(OnTimeDefinition::promise)].broken;
  h.late_commits = h.on_time_all[static_cast<std::size_t>(OnTimeDefinition::commit)].broken;

  const Tables& tables = m.first->tables();
  std::map<std::pair<CarrierId, Tier>, std::array<VerdictCounts, role_count>> by_tier;
  for (const Tables::DayRow& row : tables.ordered) {
    const Service& service = m.world.services[index(row.service)];
    by_tier[{service.carrier, service.tier}][static_cast<std::size_t>(row.role)] += row.counts;
  }
  for (const auto& [key, totals] : by_tier) {
    const auto rate = [](const VerdictCounts& counts, OnTimeDefinition definition) {
      return Rate{counts.kept(definition), counts.broken(definition), counts.rate(definition), std::nullopt};
    };
    HeadlineNumbers::CarrierTier row{key.first, key.second, rate(totals[0], OnTimeDefinition::promise),
                                     rate(population(totals, true), OnTimeDefinition::commit)};
    if (row.promise.value || row.commit.value) h.carriers.push_back(row);
  }

  std::map<std::pair<PlaceId, Cause>, HeadlineNumbers::TopCause> causes;
  for (const Tables::CauseRow& row : tables.causes) {
    HeadlineNumbers::TopCause& cause = causes[{row.place, row.cause}];
    cause.place = row.place;
    cause.cause = row.cause;
    cause.broken_promises += row.broken_promises;
    cause.broken_commits += row.broken_commits;
    cause.minutes_lost += row.minutes_lost;
  }
  for (const auto& [key, cause] : causes) h.causes.push_back(cause);
  std::stable_sort(h.causes.begin(), h.causes.end(),
                   [](const HeadlineNumbers::TopCause& a, const HeadlineNumbers::TopCause& b) {
                     return std::tie(b.broken_promises, b.broken_commits, b.minutes_lost) <
                            std::tie(a.broken_promises, a.broken_commits, a.minutes_lost);
                   });
  if (h.causes.size() > 10) h.causes.resize(10);
  return h;
}

std::vector<RunRecorder::DueRow> RunRecorder::due_on(Day day, OnTimeDefinition definition) const {
  std::map<ServiceId, VerdictCounts> services;
  for (const Tables::DayRow& row : impl_->first->tables().due) {
    if (row.day == day) services[row.service] += row.counts;
  }
  std::vector<DueRow> rows;
  for (const auto& [service, counts] : services) {
    if (counts.counted(definition) == 0) continue;
    rows.push_back({service, {counts.kept(definition), counts.broken(definition), counts.rate(definition), {}}});
  }
  return rows;
}

const Measures& RunRecorder::counts() const {
  return *impl_->first;
}
bool RunRecorder::partial() const {
  return impl_->partial;
}
const std::filesystem::path* RunRecorder::folder() const {
  return impl_->writer ? &impl_->writer->folder() : nullptr;
}

Result<void> RunRecorder::write_tables(std::span<const GateResult> gates) {
  Impl& m = *impl_;
  PEAKSTORM_CHECK(m.summary, m.rates.size());
  if (!m.writer) return {};
  const MeasureMap named = measures();
  return m.writer->write_tables(
      {m.world, *m.first, *m.summary, m.wall_s, m.rates, named, gates, replay_results(), m.partial});
}

Result<void> RunRecorder::seal() {
  Impl& m = *impl_;
  PEAKSTORM_CHECK(m.summary, m.rates.size());
  if (!m.writer) return {};
  return m.writer->seal(*m.summary, m.partial);
}

}  // namespace peakstorm
