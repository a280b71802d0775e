#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <new>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "results/checkpoint.hpp"
#include "results/store/checkpoint_files.hpp"
#include "results/store/file_calls.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using store::io_error;

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
  if (format != store::checkpoint_format) {
    throw std::runtime_error(fmt::format("its format is {}, not {}", format, store::checkpoint_format));
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
  // Years 0 to 9999, and runs of a thousand years: what a calendar can name, and sums that do not overflow.
  constexpr std::int64_t first_day_min = -62'167'219'200;
  constexpr std::int64_t first_day_max = 253'402'300'799;
  constexpr SimDuration longest = days(365'000);
  if (facts.first_day_unix < first_day_min || facts.first_day_unix > first_day_max || at < day_zero ||
      at - day_zero > longest || facts.every < SimDuration::zero() || facts.every > longest) {
    throw std::runtime_error("its times are not those of a run");
  }
  facts.streams = object.at("streams").as_bool();
  // A manifest of state format 1 does not know it, and is to be told from damage by its version.
  facts.background = archive > 1 && object.at("background").as_bool();
  facts.run_folder = string(object.at("run_folder"));
  facts.command_line = string(object.at("command_line"));
  for (const json::value& part : object.at("parts").as_array()) {
    const json::object& p = part.as_object();
    parts.push_back({string(p.at("name")), p.at("bytes").to_number<std::uint64_t>(), string(p.at("xxh128"))});
    if (!store::checkpoint_number(parts.back().name))
      throw std::runtime_error("it names a file that is no part of a checkpoint");
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
  auto files = store::list_checkpoints(folder);
  if (!files) return tl::unexpected(files.error());
  std::vector<std::string> skipped;
  for (auto entry = files->rbegin(); entry != files->rend(); ++entry) {
    const auto& [number, names] = *entry;
    const fs::path path = folder / store::checkpoint_manifest_name(number);
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
