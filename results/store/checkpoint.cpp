#include "results/checkpoint.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <chrono>
#include <limits>
#include <map>
#include <new>
#include <optional>
#include <system_error>

#include "engine/check.hpp"
#include "results/store/file_calls.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using store::io_error;

constexpr int checkpoint_format = 1;
constexpr std::uint32_t kept = 2;
constexpr int zstd_level = 1;
constexpr const char* inputs_name = "inputs";
constexpr const char* temporary_end = ".tmp";

std::string manifest_name(std::uint32_t number) {
  return fmt::format("{:06}.json", number);
}
std::string part_name(std::uint32_t number, std::size_t rank) {
  return fmt::format("{:06}.rank-{:04}.zst", number, rank);
}

/// The number that the name of a manifest, a part or a temporary of either begins with; none for other files.
std::optional<std::uint32_t> number_of(const std::string& name) {
  const std::size_t digits = std::min(name.find('.'), name.size());
  if (digits < 6 || digits > 9 || name.find_first_not_of("0123456789") != digits) return std::nullopt;
  std::string_view end(name);
  end.remove_prefix(digits);
  if (end.ends_with(temporary_end)) end.remove_suffix(4);
  if (end != ".json" && !(end.starts_with(".rank-") && end.ends_with(".zst"))) return std::nullopt;
  return static_cast<std::uint32_t>(std::stoul(name.substr(0, digits)));
}

/// The checkpoint files of a folder, by number.
Result<std::map<std::uint32_t, std::vector<std::string>>> list(const fs::path& folder) {
  std::map<std::uint32_t, std::vector<std::string>> files;
  std::error_code problem;
  for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end; entry.increment(problem)) {
    const std::string name = entry->path().filename().string();
    if (const auto number = number_of(name)) files[*number].push_back(name);
  }
  if (problem) return fail(ErrorKind::io, fmt::format("{}: cannot list: {}", folder.string(), problem.message()));
  return files;
}

/// Removes a checkpoint, its manifest first: a manifest never names a part that is not there.
Result<void> remove_checkpoint(const fs::path& folder, const std::vector<std::string>& names, store::FileCalls& calls) {
  for (const bool manifests : {true, false}) {
    for (const std::string& name : names) {
      if (name.ends_with(".json") != manifests) continue;
      if (calls.remove((folder / name).c_str()) != 0 && errno != ENOENT) return io_error(folder / name, "remove");
    }
    if (manifests && calls.sync_directory(folder.c_str()) != 0) return io_error(folder, "flush");
  }
  return {};
}

Result<void> make_folder(const fs::path& folder, store::FileCalls& calls) {
  std::error_code problem;
  if (fs::is_directory(folder, problem)) return {};
  if (fs::exists(folder, problem)) {
    return fail(ErrorKind::bad_input,
                fmt::format("{}: is a file; checkpoints need a folder: choose another", folder.string()));
  }
  if (!folder.parent_path().empty()) fs::create_directories(folder.parent_path(), problem);
  if (problem) {
    return fail(ErrorKind::io, fmt::format("{}: cannot create: {}", folder.parent_path().string(), problem.message()));
  }
  if (calls.make_directory(folder.c_str()) != 0) return io_error(folder, "create");
  return {};
}

/// Writes a file under a temporary name, flushes it, and renames it.
Result<void> write_whole(const fs::path& path, std::string_view text, store::FileCalls& calls) {
  const fs::path temporary = path.string() + temporary_end;
  auto file = store::OutputFile::create(temporary, calls);
  if (!file) return tl::unexpected(file.error());
  if (auto written = (*file)->append(text); !written) return written;
  if (auto finished = (*file)->finish(); !finished) return finished;
  if (calls.rename(temporary.c_str(), path.c_str()) != 0) return io_error(temporary, "rename");
  return {};
}

/// Copies the scenario, once: a checkpoint folder that is used again keeps the inputs of the run's beginning.
Result<void> copy_inputs(const fs::path& scenario, const fs::path& folder, store::FileCalls& calls) {
  const fs::path target = folder / inputs_name;
  std::error_code problem;
  if (scenario.empty() || fs::exists(target, problem)) return {};
  // Whoever finds inputs/ may rely on it: it gets its name when it is whole.
  const fs::path temporary = target.string() + temporary_end;
  fs::remove_all(temporary, problem);
  if (calls.make_directory(temporary.c_str()) != 0) return io_error(temporary, "create");
  for (fs::directory_iterator entry(scenario, problem), end; !problem && entry != end; entry.increment(problem)) {
    if (!entry->is_regular_file()) continue;
    auto text = store::read_text(entry->path());
    if (!text) return tl::unexpected(text.error());
    if (auto written = write_whole(temporary / entry->path().filename(), *text, calls); !written) return written;
  }
  if (problem) return fail(ErrorKind::io, fmt::format("{}: cannot list: {}", scenario.string(), problem.message()));
  if (calls.sync_directory(temporary.c_str()) != 0) return io_error(temporary, "flush");
  if (calls.rename(temporary.c_str(), target.c_str()) != 0) return io_error(temporary, "rename");
  return {};
}

/// Compresses what is written into a file. The first error is kept.
class PartSink final : public ByteSink {
 public:
  PartSink() : context_(ZSTD_createCCtx(), ZSTD_freeCCtx), packed_(ZSTD_CStreamOutSize()) {
    if (!context_) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, zstd_level);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
    gathered_.reserve(gather);
  }

  void open(const fs::path& path, store::FileCalls& calls) {
    ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_only);
    gathered_.clear();
    error_.reset();
    auto file = store::OutputFile::create(path, calls);
    if (file) {
      file_ = std::move(*file);
    } else {
      error_ = file.error();
    }
  }

  void write(std::span<const std::byte> bytes) override {
    // Archives write number by number; zstd wants more at a time.
    if (gathered_.size() + bytes.size() <= gather) {
      gathered_.insert(gathered_.end(), bytes.begin(), bytes.end());
      return;
    }
    pack(gathered_, ZSTD_e_continue);
    gathered_.clear();
    if (bytes.size() <= gather) {
      gathered_.insert(gathered_.end(), bytes.begin(), bytes.end());
    } else {
      pack(bytes, ZSTD_e_continue);
    }
  }

  Result<store::FileFacts> finish() {
    pack(gathered_, ZSTD_e_end);
    gathered_.clear();
    const auto file = std::move(file_);
    if (error_) return tl::unexpected(*error_);
    if (auto finished = file->finish(); !finished) return tl::unexpected(finished.error());
    return store::FileFacts{file->size(), file->hash()};
  }

 private:
  static constexpr std::size_t gather = std::size_t{1} << 17U;

  void pack(std::span<const std::byte> bytes, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (bool done = false; !done && !error_;) {
      ZSTD_outBuffer out{packed_.data(), packed_.size(), 0};
      const std::size_t left = ZSTD_compressStream2(context_.get(), &out, &in, directive);
      if (ZSTD_isError(left) != 0) {
        error_ = Error{ErrorKind::io, fmt::format("zstd cannot compress: {}", ZSTD_getErrorName(left))};
        return;
      }
      if (auto written = file_->append(std::span(packed_.data(), out.pos)); !written) error_ = written.error();
      done = directive == ZSTD_e_end ? left == 0 : in.pos == in.size;
    }
  }

  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context_;
  std::vector<std::byte> packed_;
  std::vector<std::byte> gathered_;
  std::unique_ptr<store::OutputFile> file_;
  std::optional<Error> error_;
};

/// Unpacks a part. The first error is kept, and ends it.
class PartSource final : public ByteSource {
 public:
  PartSource(fs::path path, int file)
      : path_(std::move(path)),
        file_(file),
        context_(ZSTD_createDCtx(), ZSTD_freeDCtx),
        packed_(ZSTD_DStreamInSize()),
        plain_(ZSTD_DStreamOutSize()) {
    if (!context_) throw std::bad_alloc();
  }
  ~PartSource() override { ::close(file_); }
  PartSource(const PartSource&) = delete;
  PartSource& operator=(const PartSource&) = delete;

  std::size_t read(std::span<std::byte> bytes) override {
    std::size_t done = 0;
    while (done < bytes.size()) {
      if (next_ == end_ && !unpack()) break;
      const std::size_t count = std::min(bytes.size() - done, end_ - next_);
      std::copy_n(plain_.begin() + static_cast<std::ptrdiff_t>(next_), count,
                  bytes.begin() + static_cast<std::ptrdiff_t>(done));
      next_ += count;
      done += count;
    }
    return done;
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  /// Fills plain_; false at the end.
  bool unpack() {
    next_ = end_ = 0;
    while (end_ == 0) {
      if (in_.pos == in_.size && !more_) {
        const ssize_t got = ::read(file_, packed_.data(), packed_.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return stop(io_error(path_, "read").value());
        if (got == 0) {
          if (!frame_done_)
            return stop({ErrorKind::bad_input, path_.string() + ": ends too early; resume from another"});
          return false;
        }
        in_ = {packed_.data(), static_cast<std::size_t>(got), 0};
      }
      ZSTD_outBuffer out{plain_.data(), plain_.size(), 0};
      const std::size_t left = ZSTD_decompressStream(context_.get(), &out, &in_);
      if (ZSTD_isError(left) != 0) {
        return stop({ErrorKind::bad_input, fmt::format("{}: does not unpack ({}); resume from another checkpoint",
                                                       path_.string(), ZSTD_getErrorName(left))});
      }
      frame_done_ = left == 0;
      more_ = !frame_done_ && out.pos == out.size;  // The window may hold more than there was room for.
      end_ = out.pos;
    }
    return true;
  }
  bool stop(Error error) {
    if (!error_) error_ = std::move(error);
    return false;
  }

  fs::path path_;
  int file_;
  std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context_;
  std::vector<std::byte> packed_;
  std::vector<std::byte> plain_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  std::size_t next_ = 0;
  std::size_t end_ = 0;
  bool more_ = false;
  bool frame_done_ = true;
  std::optional<Error> error_;
};

}  // namespace

std::string instant_text(std::int64_t first_day_unix, SimTime at) {
  using namespace std::chrono;
  const sys_time<milliseconds> instant{seconds{first_day_unix} + at.time_since_epoch()};
  const auto day = floor<std::chrono::days>(instant);
  const year_month_day date{day};
  const hh_mm_ss time{instant - day};
  std::string text =
      fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count());
  if (time.seconds().count() != 0 || time.subseconds().count() != 0) {
    text += fmt::format(":{:02}", time.seconds().count());
    if (time.subseconds().count() != 0) text += fmt::format(".{:03}", time.subseconds().count());
  }
  return text + " UTC";
}

// Writing ---------------------------------------------------------------------------------------------------------

struct CheckpointWriter::Impl {
  CheckpointPlan plan;
  store::FileCalls& calls;
  kernel::SingleRank alone;
  kernel::Exchange& exchange;
  std::uint32_t number = 0;  ///< Of the checkpoint that is being written, or of the next.
  SimTime at;
  PartSink sink;
  store::FileFacts part;

  explicit Impl(const CheckpointPlan& p)
      : plan(p),
        calls(p.calls != nullptr ? *p.calls : store::system_calls()),
        exchange(p.exchange != nullptr ? *p.exchange : alone) {}

  [[nodiscard]] bool first() const { return exchange.rank() == 0; }
  Result<void> prepare();
  Result<void> write_manifest(const std::vector<std::vector<std::byte>>& parts);
  Result<void> remove_old();
};

CheckpointWriter::CheckpointWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CheckpointWriter::~CheckpointWriter() = default;

Result<void> CheckpointWriter::Impl::prepare() {
  if (auto made = make_folder(plan.folder, calls); !made) return made;
  auto files = list(plan.folder);
  if (!files) return tl::unexpected(files.error());
  number = 1;
  for (const auto& [old, names] : *files) {
    number = std::max(number, old + 1);
    const bool whole = std::find(names.begin(), names.end(), manifest_name(old)) != names.end();
    for (const std::string& name : names) {
      if (whole && !name.ends_with(temporary_end)) continue;
      if (calls.remove((plan.folder / name).c_str()) != 0) return io_error(plan.folder / name, "remove");
    }
  }
  return copy_inputs(plan.scenario, plan.folder, calls);
}

Result<std::unique_ptr<CheckpointWriter>> CheckpointWriter::create(const CheckpointPlan& plan) {
  auto impl = std::make_unique<Impl>(plan);
  Result<void> prepared;
  if (impl->first()) prepared = impl->prepare();
  constexpr std::int64_t anything = std::numeric_limits<std::int64_t>::max();
  const std::int64_t number = impl->exchange.minimum(!impl->first() ? anything
                                                     : prepared     ? std::int64_t{impl->number}
                                                                    : -1);
  if (!prepared) return tl::unexpected(prepared.error());
  if (number < 0) return fail(ErrorKind::io, fmt::format("{}: rank 0 could not prepare it", plan.folder.string()));
  impl->number = static_cast<std::uint32_t>(number);
  return std::unique_ptr<CheckpointWriter>(new CheckpointWriter(std::move(impl)));
}

ByteSink& CheckpointWriter::begin(SimTime at) {
  Impl& m = *impl_;
  m.at = at;
  m.sink.open(m.plan.folder / (part_name(m.number, m.exchange.rank()) + temporary_end), m.calls);
  return m.sink;
}

Result<void> CheckpointWriter::finish() {
  Impl& m = *impl_;
  auto part = m.sink.finish();
  if (!part) return tl::unexpected(part.error());
  m.part = std::move(*part);
  const fs::path path = m.plan.folder / part_name(m.number, m.exchange.rank());
  const std::string temporary = path.string() + temporary_end;
  if (m.calls.rename(temporary.c_str(), path.c_str()) != 0) return io_error(temporary, "rename");
  if (m.calls.sync_directory(m.plan.folder.c_str()) != 0) return io_error(m.plan.folder, "flush");
  if (m.plan.also) return m.plan.also();
  return {};
}

Result<void> CheckpointWriter::Impl::write_manifest(const std::vector<std::vector<std::byte>>& parts) {
  json::array list;
  for (std::size_t rank = 0; rank < parts.size(); ++rank) {
    store::FileFacts facts;
    BytesSource source(parts[rank]);
    ArchiveReader archive(source);
    archive(facts.size, facts.hash);
    PEAKSTORM_CHECK(archive.ok(), rank);
    const std::string name = part_name(number, rank);
    std::error_code problem;
    if (fs::file_size(plan.folder / name, problem) != facts.size || problem) {
      return fail(ErrorKind::bad_input,
                  fmt::format("{}: what rank {} wrote is not there for rank 0; put the checkpoints on storage that all "
                              "ranks share (--checkpoint-dir)",
                              (plan.folder / name).string(), rank));
    }
    list.push_back({{"name", name}, {"bytes", facts.size}, {"xxh128", facts.hash}});
  }
  json::array without;
  const CheckpointFacts& run = plan.facts;
  for (std::size_t kind = 0; kind < run.without.size(); ++kind) {
    if (run.without[kind]) without.emplace_back(disruption_kind_names[kind]);
  }
  const json::object manifest{{"format", checkpoint_format},
                              {"archive_version", archive_version},
                              {"version", run.version},
                              {"at_ms", at.time_since_epoch().count()},
                              {"at", instant_text(run.first_day_unix, at)},
                              {"first_day_unix_s", run.first_day_unix},
                              {"scenario", run.scenario},
                              {"fingerprint", plan.fingerprint(at).hex()},
                              {"seed", run.run.seed},
                              {"replication", run.run.replication},
                              {"scale", run.scale},
                              {"without", std::move(without)},
                              {"every_ms", run.every.count()},
                              {"streams", run.streams},
                              {"background", run.background},
                              {"run_folder", run.run_folder},
                              {"command_line", run.command_line},
                              {"parts", std::move(list)}};
  const fs::path path = plan.folder / manifest_name(number);
  if (auto written = write_whole(path, json::serialize(manifest) + "\n", calls); !written) return written;
  if (calls.sync_directory(plan.folder.c_str()) != 0) return io_error(plan.folder, "flush");
  return {};
}

Result<void> CheckpointWriter::Impl::remove_old() {
  auto files = list(plan.folder);
  if (!files) return tl::unexpected(files.error());
  for (const auto& [old, names] : *files) {
    if (old + kept > number) continue;
    if (auto removed = remove_checkpoint(plan.folder, names, calls); !removed) return removed;
  }
  return {};
}

Result<void> CheckpointWriter::commit() {
  Impl& m = *impl_;
  std::vector<std::byte> mine;
  BytesSink sink(mine);
  ArchiveWriter archive(sink);
  archive(m.part.size, m.part.hash);
  const auto parts = m.exchange.gather(mine);
  Result<void> written;
  if (m.first()) written = m.write_manifest(parts).and_then([&] { return m.remove_old(); });
  const bool valid = m.exchange.minimum(written ? 1 : 0) == 1;
  if (!written) return written;
  if (!valid) return fail(ErrorKind::io, fmt::format("{}: rank 0 could not commit it", m.plan.folder.string()));
  ++m.number;
  if (m.plan.committed) m.plan.committed(m.at);
  return {};
}

Result<void> CheckpointWriter::discard() {
  Impl& m = *impl_;
  if (!m.first()) return {};
  auto files = list(m.plan.folder);
  if (!files) return tl::unexpected(files.error());
  for (const auto& [old, names] : *files) {
    if (auto removed = remove_checkpoint(m.plan.folder, names, m.calls); !removed) return removed;
  }
  std::error_code ignored;  // What is not ours stays.
  if (!m.plan.scenario.empty()) fs::remove_all(m.plan.folder / inputs_name, ignored);
  fs::remove(m.plan.folder, ignored);
  return {};
}

// Reading ---------------------------------------------------------------------------------------------------------

struct CheckpointReader::Impl {
  struct Part {
    std::string name;
    std::uint64_t bytes = 0;
    std::string xxh128;
  };
  fs::path folder;
  SimTime at;
  std::uint32_t archive = 0;
  CheckpointFacts facts;
  std::string fingerprint;
  std::string hash;
  std::vector<std::string> skipped;
  std::vector<Part> parts;
  std::vector<std::unique_ptr<PartSource>> sources;

  void parse(const std::string& text);
  Result<void> verify() const;
};

CheckpointReader::CheckpointReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CheckpointReader::~CheckpointReader() = default;

/// Throws boost's exceptions and std::runtime_error on anything that is not a manifest; the caller stops them.
void CheckpointReader::Impl::parse(const std::string& text) {
  const json::value value = json::parse(text);
  const json::object& object = value.as_object();
  const auto format = object.at("format").to_number<int>();
  if (format != checkpoint_format) {
    throw std::runtime_error(fmt::format("its format is {}, not {}", format, checkpoint_format));
  }
  const auto string = [](const json::value& v) { return json::value_to<std::string>(v); };
  archive = object.at("archive_version").to_number<std::uint32_t>();
  facts.version = string(object.at("version"));
  at = day_zero + SimDuration{object.at("at_ms").to_number<std::int64_t>()};
  facts.first_day_unix = object.at("first_day_unix_s").to_number<std::int64_t>();
  facts.scenario = string(object.at("scenario"));
  fingerprint = string(object.at("fingerprint"));
  facts.run.seed = object.at("seed").to_number<std::uint64_t>();
  facts.run.replication = object.at("replication").to_number<std::uint32_t>();
  facts.scale = object.at("scale").to_number<double>();
  for (const json::value& kind : object.at("without").as_array()) {
    const auto* const found = std::find(disruption_kind_names.begin(), disruption_kind_names.end(), string(kind));
    if (found == disruption_kind_names.end()) throw std::runtime_error("it leaves out an unknown kind of disruption");
    facts.without[static_cast<std::size_t>(found - disruption_kind_names.begin())] = true;
  }
  facts.every = SimDuration{object.at("every_ms").to_number<std::int64_t>()};
  facts.streams = object.at("streams").as_bool();
  facts.background = object.at("background").as_bool();
  facts.run_folder = string(object.at("run_folder"));
  facts.command_line = string(object.at("command_line"));
  for (const json::value& part : object.at("parts").as_array()) {
    const json::object& p = part.as_object();
    parts.push_back({string(p.at("name")), p.at("bytes").to_number<std::uint64_t>(), string(p.at("xxh128"))});
    if (!number_of(parts.back().name)) throw std::runtime_error("it names a file that is no part of a checkpoint");
  }
  if (parts.empty()) throw std::runtime_error("it names no parts");
  const XXH128_hash_t own = XXH3_128bits(text.data(), text.size());
  hash = fmt::format("{:016x}{:016x}", own.high64, own.low64);
}

Result<void> CheckpointReader::Impl::verify() const {
  for (const Part& part : parts) {
    const fs::path path = folder / part.name;
    const auto wrong = [&](const std::string& what) { return fail(ErrorKind::bad_input, path.string() + ": " + what); };
    std::error_code problem;
    if (!fs::is_regular_file(path, problem)) return wrong("is missing");
    const std::uint64_t bytes = fs::file_size(path, problem);
    if (!problem && bytes != part.bytes) {
      return wrong(fmt::format("has {} bytes instead of {}: it was cut short or overwritten", bytes, part.bytes));
    }
    auto found = store::hash_file(path, nullptr);
    if (!found) return tl::unexpected(found.error());
    if (found->hash != part.xxh128) return wrong("its checksum differs: it was changed or damaged");
  }
  return {};
}

Result<std::unique_ptr<CheckpointReader>> CheckpointReader::open(const fs::path& folder, const std::string& version) {
  std::error_code problem;
  if (!fs::is_directory(folder, problem)) {
    return fail(ErrorKind::bad_input,
                fmt::format("{}: no such folder of checkpoints; name the folder of a run that was "
                            "started with --checkpoint-every",
                            folder.string()));
  }
  auto files = list(folder);
  if (!files) return tl::unexpected(files.error());
  std::vector<std::string> skipped;
  for (auto entry = files->rbegin(); entry != files->rend(); ++entry) {
    const auto& [number, names] = *entry;
    const fs::path path = folder / manifest_name(number);
    // Parts without a manifest are a checkpoint that was never finished: nothing was lost.
    if (std::find(names.begin(), names.end(), path.filename().string()) == names.end()) continue;
    auto impl = std::make_unique<Impl>();
    impl->folder = folder;
    auto text = store::read_text(path);
    if (!text) return tl::unexpected(text.error());
    try {
      impl->parse(*text);
    } catch (const std::exception& damage) {
      skipped.push_back(fmt::format("{}: not a checkpoint's manifest: {}", path.string(), damage.what()));
      continue;
    }
    if (impl->facts.version != version || impl->archive != archive_version) {
      return fail(ErrorKind::bad_input,
                  fmt::format("{}: written by peakstorm {} (state format {}), this is {} (state format {}); go on with "
                              "the version that wrote it, or run the scenario again",
                              path.string(), impl->facts.version, impl->archive, version, archive_version));
    }
    if (auto verified = impl->verify(); !verified) {
      skipped.push_back(verified.error().message);
      continue;
    }
    impl->skipped = std::move(skipped);
    return std::unique_ptr<CheckpointReader>(new CheckpointReader(std::move(impl)));
  }
  if (skipped.empty()) {
    return fail(ErrorKind::bad_input, fmt::format("{}: holds no checkpoint; run the scenario again, with "
                                                  "--checkpoint-every",
                                                  folder.string()));
  }
  std::string message = fmt::format("{}: no checkpoint is whole", folder.string());
  for (const std::string& reason : skipped) message += "\n  " + reason;
  return fail(ErrorKind::bad_input, message + "\n  restore a file, or run the scenario again");
}

SimTime CheckpointReader::at() const {
  return impl_->at;
}
const CheckpointFacts& CheckpointReader::facts() const {
  return impl_->facts;
}
const std::string& CheckpointReader::fingerprint() const {
  return impl_->fingerprint;
}
const std::string& CheckpointReader::hash() const {
  return impl_->hash;
}
const std::vector<std::string>& CheckpointReader::skipped() const {
  return impl_->skipped;
}

Result<ResumePoint> CheckpointReader::parts() {
  Impl& m = *impl_;
  m.sources.clear();
  ResumePoint point;
  point.at = m.at;
  for (const Impl::Part& part : m.parts) {
    const fs::path path = m.folder / part.name;
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return io_error(path, "open");
    m.sources.push_back(std::make_unique<PartSource>(path, file));
    point.parts.push_back(m.sources.back().get());
  }
  return point;
}

Result<void> CheckpointReader::status() const {
  for (const auto& source : impl_->sources) {
    if (source->error()) return tl::unexpected(*source->error());
  }
  return {};
}

}  // namespace peakstorm
