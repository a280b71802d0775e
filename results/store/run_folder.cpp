#include "results/run_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <system_error>

#include "engine/check.hpp"
#include "engine/random.hpp"
#include "results/store/database.hpp"
#include "results/store/file_calls.hpp"
#include "results/store/manifest.hpp"
#include "results/store/source.hpp"
#include "results/store/stream.hpp"
#include "results/store/tables.hpp"
#include "results/store/ticks.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using store::io_error;
using store::manifest_name;
using store::tables_name;
using store::ticks;
using store::write_file;

constexpr const char* scans_name = "scans.pb.zst";
constexpr const char* acts_name = "acts.pb.zst";
constexpr int manifest_format = 1;

std::vector<std::uint64_t> node_hashes_of(const std::vector<std::string>& names) {
  std::vector<std::uint64_t> hashes;
  hashes.reserve(names.size());
  for (const std::string& name : names) hashes.push_back(hash64(name));
  return hashes;
}

template <class T>
Result<void> for_each(const fs::path& path, const std::function<void(std::span<const T>)>& visit) {
  auto reader = store::StreamReader<T>::open(path);
  if (!reader) return tl::unexpected(reader.error());
  std::vector<T> items;
  for (;;) {
    if (auto got = (*reader)->next_frame(items); !got) return got;
    if (items.empty()) return {};
    visit(items);
  }
}

}  // namespace

namespace {

template <class T>
Result<void> visit_stream(const fs::path& path, const std::function<bool(std::span<const T>)>& visit) {
  std::error_code code;
  if (!fs::exists(path, code)) return {};
  auto reader = store::StreamReader<T>::open(path);
  if (!reader) return tl::unexpected(reader.error());
  std::vector<T> items;
  do {
    if (auto got = (*reader)->next_frame(items); !got) return got;
  } while (!items.empty() && visit(items));
  return {};
}

}  // namespace

Result<void> visit_scans(const fs::path& folder, const std::function<bool(std::span<const Scan>)>& visit) {
  return visit_stream<Scan>(folder / scans_name, visit);
}

Result<void> visit_acts(const fs::path& folder, const std::function<bool(std::span<const ShopperAct>)>& visit) {
  return visit_stream<ShopperAct>(folder / acts_name, visit);
}

// Writing ---------------------------------------------------------------------------------------------------------

struct RunWriter::Impl {
  const World& world;
  RunFolderPlan plan;
  store::FileCalls& calls;
  std::unique_ptr<store::StreamWriter<Scan>> scans;
  std::unique_ptr<store::StreamWriter<ShopperAct>> acts;
  bool closed = false;
  bool awaits_resume = false;  ///< Opened, but not yet where the checkpoint left it.
  StreamTotals totals;
  std::optional<Error> error;
  std::vector<bool> retailers;                    ///< By ship node.
  std::map<std::string, store::FileFacts> known;  ///< Files hashed while they were written.

  Impl(const World& w, const RunFolderPlan& p)
      : world(w), plan(p), calls(p.calls != nullptr ? *p.calls : store::system_calls()) {
    totals.first = SimTime::max();
    totals.last = SimTime::min();
    for (const ShipNode& node : world.nodes) {
      retailers.push_back(world.shippers[index(node.shipper)].role == ShipperRole::retailer);
    }
  }

  void note(const Result<void>& result) {
    if (!result && !error) error = result.error();
  }
  void covers(SimTime at) {
    totals.first = std::min(totals.first, at);
    totals.last = std::max(totals.last, at);
  }
  Result<void> copy_inputs();
  Result<void> begin_folder();
  Result<void> reopen_folder();
  Result<void> copy_streams();
  template <class T>
  Result<void> open_stream(const char* name, bool is_there, std::unique_ptr<store::StreamWriter<T>>& stream);
};

RunWriter::RunWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RunWriter::~RunWriter() = default;

Result<void> RunWriter::Impl::copy_inputs() {
  const fs::path target = plan.folder / "inputs";
  if (auto made = store::make_directory(target, calls); !made) return made;
  if (plan.scenario.empty()) return {};
  std::error_code listing;
  std::vector<fs::path> sources;
  for (fs::directory_iterator entry(plan.scenario, listing), end; !listing && entry != end; entry.increment(listing)) {
    if (entry->is_regular_file(listing)) sources.push_back(entry->path());
  }
  if (listing)
    return fail(ErrorKind::io, fmt::format("{}: cannot list: {}", plan.scenario.string(), listing.message()));
  std::sort(sources.begin(), sources.end());
  for (const fs::path& source : sources) {
    auto text = store::read_text(source);
    if (!text) return tl::unexpected(text.error());
    if (auto written = write_file(target / source.filename(), *text, calls); !written) return written;
  }
  return {};
}

Result<void> RunWriter::Impl::begin_folder() {
  const fs::path& folder = plan.folder;
  if (auto made = store::make_empty_folder(folder, calls); !made) return made;
  if (auto written = write_file(folder / "world.toml", plan.world_text, calls); !written) return written;
  return copy_inputs();
}

Result<void> RunWriter::Impl::reopen_folder() {
  const fs::path& folder = plan.folder;
  std::error_code problem;
  if (!fs::is_directory(folder, problem)) {
    return fail(ErrorKind::bad_input, fmt::format("{}: no such run folder", folder.string()));
  }
  // The manifest goes first: from here on the folder is an unfinished run.
  for (const char* name : {manifest_name, tables_name, "report.html"}) {
    const fs::path path = folder / name;
    if (fs::exists(path, problem) && calls.remove(path.c_str()) != 0) return io_error(path, "remove");
    if (name == manifest_name && calls.sync_directory(folder.c_str()) != 0) return io_error(folder, "flush");
  }
  return {};
}

Result<void> RunWriter::Impl::copy_streams() {
  for (const char* name : {scans_name, acts_name}) {
    std::error_code problem;
    fs::copy_file(plan.resumes / name, plan.folder / name, problem);
    if (problem) {
      return fail(ErrorKind::io, fmt::format("{}: cannot copy to {}: {}", (plan.resumes / name).string(),
                                             plan.folder.string(), problem.message()));
    }
  }
  return {};
}

template <class T>
Result<void> RunWriter::Impl::open_stream(const char* name, bool is_there,
                                          std::unique_ptr<store::StreamWriter<T>>& stream) {
  const fs::path path = plan.folder / name;
  const unsigned threads = plan.facts.threads;
  auto opened = is_there ? store::StreamWriter<T>::reopen(path, calls, threads)
                         : store::StreamWriter<T>::create(path, calls, threads);
  if (!opened) return tl::unexpected(opened.error());
  stream = std::move(*opened);
  return {};
}

Result<std::unique_ptr<RunWriter>> RunWriter::create(const World& world, const RunFolderPlan& plan) {
  auto impl = std::make_unique<Impl>(world, plan);
  const bool resumes = !plan.resumes.empty();
  std::error_code error;
  const bool same = resumes && fs::equivalent(plan.resumes, plan.folder, error);
  if (auto begun = same ? impl->reopen_folder() : impl->begin_folder(); !begun) return tl::unexpected(begun.error());
  impl->awaits_resume = resumes;
  if (plan.streams) {
    if (resumes && !same) {
      if (auto copied = impl->copy_streams(); !copied) return tl::unexpected(copied.error());
    }
    if (auto scans = impl->open_stream(scans_name, resumes, impl->scans); !scans) return tl::unexpected(scans.error());
    if (auto acts = impl->open_stream(acts_name, resumes, impl->acts); !acts) return tl::unexpected(acts.error());
  }
  return std::unique_ptr<RunWriter>(new RunWriter(std::move(impl)));
}

void RunWriter::save(ArchiveWriter& archive) const {
  const Impl& m = *impl_;
  archive(m.totals.scans, m.totals.checks, m.totals.first, m.totals.last, m.scans != nullptr);
  if (!m.scans) return;
  m.scans->save(archive);
  m.acts->save(archive);
}

Result<void> RunWriter::sync() {
  Impl& m = *impl_;
  if (m.scans && !m.error) m.note(m.scans->sync());
  if (m.acts && !m.error) m.note(m.acts->sync());
  return status();
}

Result<void> RunWriter::resume(ArchiveReader& archive) {
  Impl& m = *impl_;
  PEAKSTORM_CHECK(m.awaits_resume, m.awaits_resume);
  m.awaits_resume = false;
  bool has_streams = false;
  archive(m.totals.scans, m.totals.checks, m.totals.first, m.totals.last, has_streams);
  if (!archive.ok() || has_streams != (m.scans != nullptr)) {
    m.note(fail(ErrorKind::bad_input, fmt::format("{}: the checkpoint does not belong to this run folder; resume from "
                                                  "another checkpoint",
                                                  m.plan.folder.string())));
  }
  if (m.scans && !m.error) m.note(m.scans->resume(archive));
  if (m.acts && !m.error) m.note(m.acts->resume(archive));
  return status();
}

const fs::path& RunWriter::folder() const {
  return impl_->plan.folder;
}

void RunWriter::scans(std::span<const Scan> scans) {
  Impl& m = *impl_;
  if (!m.scans || m.error) return;
  PEAKSTORM_CHECK(!m.closed, m.closed);
  PEAKSTORM_CHECK(!m.awaits_resume, m.awaits_resume);
  for (const Scan& scan : scans) {
    // What a replay would send: published, and of a retailer's parcel.
    if (scan.reported == never || !m.retailers[index(node_of(scan.parcel))]) continue;
    ++m.totals.scans;
    m.covers(scan.reported);
  }
  m.note(m.scans->append(scans));
}

void RunWriter::acts(std::span<const ShopperAct> acts) {
  Impl& m = *impl_;
  if (!m.acts || m.error) return;
  PEAKSTORM_CHECK(!m.closed, m.closed);
  PEAKSTORM_CHECK(!m.awaits_resume, m.awaits_resume);
  for (const ShopperAct& act : acts) {
    if (act.kind != ActKind::check) continue;
    ++m.totals.checks;
    m.covers(act.at);
  }
  m.note(m.acts->append(acts));
}

Result<void> RunWriter::status() const {
  if (impl_->error) return tl::unexpected(*impl_->error);
  return {};
}

Result<void> RunWriter::close_streams() {
  Impl& m = *impl_;
  if (m.closed) return status();
  m.closed = true;
  if (m.totals.scans + m.totals.checks == 0) m.totals.first = m.totals.last = day_zero;
  if (m.scans && !m.error) m.note(m.scans->finish());
  if (m.acts && !m.error) m.note(m.acts->finish());
  if (m.scans && !m.error) {
    m.known[scans_name] = m.scans->facts();
    m.known[acts_name] = m.acts->facts();
  }
  return status();
}

const StreamTotals& RunWriter::totals() const {
  return impl_->totals;
}

Result<std::unique_ptr<ReplaySource>> RunWriter::replay_source(std::vector<ParcelFacts> parcels) const {
  PEAKSTORM_CHECK(impl_->closed && impl_->scans, impl_->closed);
  std::vector<std::string> names;
  for (const ShipNode& node : impl_->world.nodes) names.push_back(node.name);
  return store::open_source(impl_->plan.folder, std::move(parcels), node_hashes_of(names), impl_->totals);
}

Result<void> RunWriter::for_each_scan(const std::function<void(std::span<const Scan>)>& visit) const {
  PEAKSTORM_CHECK(impl_->closed && impl_->scans, impl_->closed);
  return for_each<Scan>(impl_->plan.folder / scans_name, visit);
}

Result<void> RunWriter::write_tables(const RunTables& tables) {
  return store::write_tables(impl_->plan.folder / tables_name, impl_->plan.facts, tables, impl_->plan.published);
}

Result<void> RunWriter::seal(const SimulationSummary& summary, bool partial) {
  Impl& m = *impl_;
  if (auto closed = close_streams(); !closed) return closed;
  const RunFacts& run = m.plan.facts;
  json::array without;
  for (std::size_t kind = 0; kind < run.without.size(); ++kind) {
    if (run.without[kind]) without.emplace_back(disruption_kind_names[kind]);
  }
  json::object manifest{{"format", manifest_format},
                        {"scenario", m.world.name},
                        {"seed", run.seed},
                        {"replications", run.replications},
                        {"scale", run.scale},
                        {"without", std::move(without)},
                        {"version", run.version},
                        {"command_line", run.command_line},
                        {"digest", summary.digest.hex()},
                        {"partial", partial},
                        {"parcels", summary.parcels},
                        {"scans", summary.scans}};
  if (m.scans) {
    manifest["streams"] = {{"published_scans", m.totals.scans},
                           {"checks", m.totals.checks},
                           {"first_ms", ticks(m.totals.first)},
                           {"last_ms", ticks(m.totals.last)}};
  }
  return store::write_manifest(m.plan.folder, std::move(manifest), m.known, m.calls);
}

// Reading ---------------------------------------------------------------------------------------------------------

struct RunReader::Impl {
  fs::path folder;
  Manifest manifest;
};

RunReader::RunReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RunReader::~RunReader() = default;

namespace {

/// Throws boost's exceptions on anything that is not a manifest; the caller stops them.
Manifest parse_manifest(const std::string& text) {
  const json::value value = json::parse(text);
  const json::object& object = value.as_object();
  const auto format = object.at("format").to_number<int>();
  if (format != manifest_format)
    throw std::runtime_error(fmt::format("its format is {}, not {}", format, manifest_format));
  const auto string = [](const json::value& v) { return json::value_to<std::string>(v); };
  Manifest manifest;
  manifest.scenario = string(object.at("scenario"));
  manifest.seed = object.at("seed").to_number<std::uint64_t>();
  manifest.replications = object.at("replications").to_number<std::uint32_t>();
  manifest.scale = object.at("scale").to_number<double>();
  manifest.version = string(object.at("version"));
  manifest.digest = string(object.at("digest"));
  manifest.command_line = string(object.at("command_line"));
  manifest.partial = object.at("partial").as_bool();
  manifest.parcels = object.at("parcels").to_number<std::uint64_t>();
  manifest.scans = object.at("scans").to_number<std::uint64_t>();
  if (const json::value* streams = object.if_contains("streams")) {
    const json::object& s = streams->as_object();
    StreamTotals totals;
    totals.scans = s.at("published_scans").to_number<std::uint64_t>();
    totals.checks = s.at("checks").to_number<std::uint64_t>();
    totals.first = day_zero + SimDuration{s.at("first_ms").to_number<std::int64_t>()};
    totals.last = day_zero + SimDuration{s.at("last_ms").to_number<std::int64_t>()};
    manifest.streams = totals;
  }
  for (const json::value& file : object.at("files").as_array()) {
    const json::object& f = file.as_object();
    manifest.files.push_back({string(f.at("name")), f.at("bytes").to_number<std::uint64_t>(), string(f.at("xxh128"))});
  }
  return manifest;
}

Result<void> verify_files(const fs::path& folder, const Manifest& manifest) {
  for (const Manifest::File& file : manifest.files) {
    const fs::path path = folder / file.name;
    const auto wrong = [&](const std::string& what) {
      return fail(ErrorKind::bad_input,
                  fmt::format("{}: {}; restore the file or run the scenario again", path.string(), what));
    };
    // A manifest names files of its own folder only.
    const fs::path name(file.name);
    if (name.is_absolute() || std::find(name.begin(), name.end(), "..") != name.end()) {
      return wrong("the manifest names a file outside its folder");
    }
    std::error_code error;
    // A view of run.sqlite that may be written again, by a later version differently.
    if (name == "report.html") continue;
    if (!fs::is_regular_file(path, error)) return wrong("is missing");
    auto facts = store::hash_file(path, nullptr);
    if (!facts) return tl::unexpected(facts.error());
    if (facts->size != file.bytes) {
      return wrong(fmt::format("has {} bytes, the manifest says {}", facts->size, file.bytes));
    }
    if (facts->hash != file.xxh128) return wrong("its checksum differs from the manifest's: it was changed or damaged");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<RunReader>> RunReader::open(const fs::path& folder, bool verify) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return fail(ErrorKind::bad_input, fmt::format("{}: no such run folder", folder.string()));
  }
  const fs::path path = folder / manifest_name;
  if (!fs::exists(path, error)) {
    return fail(ErrorKind::bad_input,
                fmt::format("{}: an unfinished run: it has no manifest.json, so it was interrupted "
                            "while it was written; run the scenario again",
                            folder.string()));
  }
  auto text = store::read_text(path);
  if (!text) return tl::unexpected(text.error());
  auto impl = std::make_unique<Impl>();
  impl->folder = folder;
  try {
    impl->manifest = parse_manifest(*text);
  } catch (const std::exception& problem) {
    return fail(ErrorKind::bad_input, fmt::format("{}: not a manifest of this program: {}; run the scenario again",
                                                  path.string(), problem.what()));
  }
  if (verify) {
    if (auto verified = verify_files(folder, impl->manifest); !verified) return tl::unexpected(verified.error());
  }
  return std::unique_ptr<RunReader>(new RunReader(std::move(impl)));
}

const Manifest& RunReader::manifest() const {
  return impl_->manifest;
}
const fs::path& RunReader::folder() const {
  return impl_->folder;
}
fs::path RunReader::inputs() const {
  return impl_->folder / "inputs";
}

Result<MeasureMap> RunReader::measures() const {
  auto database = store::Database::open_read_only(impl_->folder / tables_name);
  if (!database) return tl::unexpected(database.error());
  MeasureMap measures;
  {
    store::Statement row(**database, "SELECT name, value, unit, low, high FROM measure");
    while (row.step()) {
      Measure measure;
      const std::string unit = row.text(2);
      const auto known = std::find(unit_names.begin(), unit_names.end(), unit);
      if (known == unit_names.end()) {
        return fail(ErrorKind::bad_input, fmt::format("{}: measure '{}' has the unknown unit '{}'",
                                                      (impl_->folder / tables_name).string(), row.text(0), unit));
      }
      measure.unit = static_cast<Unit>(known - unit_names.begin());
      if (!row.is_null(1)) measure.value = row.real(1);
      if (!row.is_null(3)) measure.low = row.real(3);
      if (!row.is_null(4)) measure.high = row.real(4);
      measures[row.text(0)] = measure;
    }
  }
  if (auto status = (*database)->status(); !status) return tl::unexpected(status.error());
  return measures;
}

Result<std::vector<TruthParcel>> RunReader::parcels() const {
  auto database = store::Database::open_read_only(impl_->folder / tables_name);
  if (!database) return tl::unexpected(database.error());
  std::vector<TruthParcel> parcels;
  {
    store::Statement row(**database,
                         "SELECT parcel_id, ordered_ms, node_id, shipper_id, service_id, destination_id, tier, size,"
                         " promise_day, window_from_minute, window_to_minute, shipping_cents, measured, verdict_promise"
                         " FROM parcel");
    while (row.step()) {
      TruthParcel parcel;
      ParcelFacts& f = parcel.facts;
      f.id = ParcelId{static_cast<std::uint64_t>(row.integer(0))};
      f.ordered = day_zero + SimDuration{row.integer(1)};
      f.node = ShipNodeId{static_cast<std::uint16_t>(row.integer(2))};
      f.shipper = ShipperId{static_cast<std::uint8_t>(row.integer(3))};
      f.service = ServiceId{static_cast<std::uint8_t>(row.integer(4))};
      f.destination = DestinationId{static_cast<std::uint16_t>(row.integer(5))};
      const std::string tier = row.text(6);
      f.tier = static_cast<Tier>(std::min<std::ptrdiff_t>(
          std::find(tier_names.begin(), tier_names.end(), tier) - tier_names.begin(), tier_count - 1));
      f.size = static_cast<std::uint8_t>(row.integer(7));
      if (!row.is_null(8)) f.promise_day = static_cast<std::uint16_t>(row.integer(8));
      f.window_from = minutes(row.integer(9));
      f.window_to = minutes(row.integer(10));
      f.shipping_cost = row.integer(11);
      parcel.measured = row.integer(12) != 0;
      const std::string verdict = row.text(13);
      parcel.promise = verdict == "kept" ? Verdict::kept : verdict == "broken" ? Verdict::broken : Verdict::not_counted;
      parcels.push_back(parcel);
    }
  }
  if (auto status = (*database)->status(); !status) return tl::unexpected(status.error());
  std::sort(parcels.begin(), parcels.end(),
            [](const TruthParcel& a, const TruthParcel& b) { return a.facts.id < b.facts.id; });
  return parcels;
}

Result<std::unique_ptr<ReplaySource>> RunReader::replay_source() const {
  if (!impl_->manifest.streams) {
    return fail(ErrorKind::bad_input, fmt::format("{}: the run kept no scan stream, so there is nothing to replay; "
                                                  "simulate it again with --stream tracked",
                                                  impl_->folder.string()));
  }
  auto truth = parcels();
  if (!truth) return tl::unexpected(truth.error());
  std::vector<ParcelFacts> facts;
  facts.reserve(truth->size());
  for (const TruthParcel& parcel : *truth) facts.push_back(parcel.facts);
  auto database = store::Database::open_read_only(impl_->folder / tables_name);
  if (!database) return tl::unexpected(database.error());
  std::vector<std::string> names;
  {
    store::Statement row(**database, "SELECT name FROM place WHERE kind = 'node' ORDER BY place_id");
    while (row.step()) names.push_back(row.text(0));
  }
  if (auto status = (*database)->status(); !status) return tl::unexpected(status.error());
  return store::open_source(impl_->folder, std::move(facts), node_hashes_of(names), *impl_->manifest.streams);
}

Result<void> RunReader::for_each_scan(const std::function<void(std::span<const Scan>)>& visit) const {
  return for_each<Scan>(impl_->folder / scans_name, visit);
}
Result<void> RunReader::for_each_act(const std::function<void(std::span<const ShopperAct>)>& visit) const {
  return for_each<ShopperAct>(impl_->folder / acts_name, visit);
}

}  // namespace peakstorm
