#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <chrono>
#include <limits>
#include <new>
#include <optional>
#include <system_error>

#include "engine/check.hpp"
#include "results/checkpoint.hpp"
#include "results/store/checkpoint_files.hpp"
#include "results/store/file_calls.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using store::io_error;

constexpr std::uint32_t kept = 2;  ///< Checkpoints that stay when one more is whole, that one included.
constexpr int zstd_level = 1;

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
  const fs::path temporary = path.string() + store::temporary_end;
  auto file = store::OutputFile::create(temporary, calls);
  if (!file) return tl::unexpected(file.error());
  if (auto written = (*file)->append(text); !written) return written;
  if (auto finished = (*file)->finish(); !finished) return finished;
  if (calls.rename(temporary.c_str(), path.c_str()) != 0) return io_error(temporary, "rename");
  return {};
}

/// Copies the scenario, once: a checkpoint folder that is used again keeps the inputs of the run's beginning.
Result<void> copy_inputs(const fs::path& scenario, const fs::path& folder, store::FileCalls& calls) {
  const fs::path target = folder / store::inputs_name;
  std::error_code problem;
  if (scenario.empty() || fs::exists(target, problem)) return {};
  // Whoever finds inputs/ may rely on it: it gets its name when it is whole.
  const fs::path temporary = target.string() + store::temporary_end;
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
  auto files = store::list_checkpoints(plan.folder);
  if (!files) return tl::unexpected(files.error());
  number = 1;
  for (const auto& [old, names] : *files) {
    number = std::max(number, old + 1);
    const bool whole = std::find(names.begin(), names.end(), store::checkpoint_manifest_name(old)) != names.end();
    for (const std::string& name : names) {
      if (whole && !name.ends_with(store::temporary_end)) continue;
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
  m.sink.open(m.plan.folder / (store::part_name(m.number, m.exchange.rank()) + store::temporary_end), m.calls);
  return m.sink;
}

Result<void> CheckpointWriter::finish() {
  Impl& m = *impl_;
  auto part = m.sink.finish();
  if (!part) return tl::unexpected(part.error());
  m.part = std::move(*part);
  const fs::path path = m.plan.folder / store::part_name(m.number, m.exchange.rank());
  const std::string temporary = path.string() + store::temporary_end;
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
    const std::string name = store::part_name(number, rank);
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
  const json::object manifest{{"format", store::checkpoint_format},
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
  const fs::path path = plan.folder / store::checkpoint_manifest_name(number);
  if (auto written = write_whole(path, json::serialize(manifest) + "\n", calls); !written) return written;
  if (calls.sync_directory(plan.folder.c_str()) != 0) return io_error(plan.folder, "flush");
  return {};
}

Result<void> CheckpointWriter::Impl::remove_old() {
  auto files = store::list_checkpoints(plan.folder);
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
  auto files = store::list_checkpoints(m.plan.folder);
  if (!files) return tl::unexpected(files.error());
  for (const auto& [old, names] : *files) {
    if (auto removed = remove_checkpoint(m.plan.folder, names, m.calls); !removed) return removed;
  }
  std::error_code ignored;  // What is not ours stays.
  if (!m.plan.scenario.empty()) fs::remove_all(m.plan.folder / store::inputs_name, ignored);
  fs::remove(m.plan.folder, ignored);
  return {};
}

}  // namespace peakstorm
