#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "adapters/replay_log.hpp"
#include "engine/archive.hpp"

namespace peakstorm {
namespace {

using std::chrono::nanoseconds;

// Small pieces: they are written by the thread that sends, between two messages.
constexpr std::size_t write_at_once = 16U << 10U;
constexpr std::size_t read_at_once = 256U << 10U;

struct StoredAll {};
using Event = std::variant<RequestRecord, InjectedFault, ShownStatus, ShownParcel, StoredMessage, StoredAll>;

// What is read back comes after all that was sent, whatever another's clock says.
enum class Stage : std::uint8_t { sending, reading_back, stored };

struct Moment {
  Stage stage = Stage::sending;
  nanoseconds at{};
  auto operator<=>(const Moment&) const = default;
  template <class Archive>
  void transfer(Archive& archive) {
    archive(stage, at);
  }
};

// Each member at its own width, so that the form does not depend on a compiler's padding.
template <class Archive>
void transfer(Archive& archive, RequestRecord& r) {
  archive(r.kind, r.fate, r.status, r.parcel, r.sequence, r.intended, r.sent, r.done, r.in_flight, r.fault, r.held,
          r.by_job);
}
template <class Archive>
void transfer(Archive& archive, InjectedFault& f) {
  archive(f.kind, f.parcel, f.sequence, f.at, f.detail);
}
template <class Archive>
void transfer(Archive& archive, ShownStatus& s) {
  archive(s.parcel, s.at, s.simulated, s.found, s.status, s.scans_shown, s.promise_day, s.estimated_day);
}
template <class Archive>
void transfer(Archive& archive, ShownParcel& p) {
  auto count = static_cast<std::uint32_t>(p.scans.size());
  archive(p.parcel, p.found, p.status, p.promise_day, p.estimated_day, p.delivered_unix_ms, p.ghost, count);
  if constexpr (Archive::is_reading) p.scans.clear();
  for (std::uint32_t i = 0; i < count && archive.ok(); ++i) {
    if constexpr (Archive::is_reading) p.scans.emplace_back();
    archive(p.scans[i].unix_ms, p.scans[i].kind, p.scans[i].place);
  }
}
template <class Archive>
void transfer(Archive& archive, StoredMessage& m) {
  archive(m.known, m.parcel, m.sequence, m.fault, m.intact);
}
template <class Archive>
void transfer(Archive& /*archive*/, StoredAll& /*all*/) {}

template <std::size_t i = 0>
bool make(std::size_t which, Event& event) {
  if constexpr (i < std::variant_size_v<Event>) {
    if (which != i) return make<i + 1>(which, event);
    event.emplace<i>();
    return true;
  }
  return false;
}

}  // namespace

/// Written at its end, read from its front; neither moves the other's place.
struct ReplayLog::File final : ByteSink, ByteSource {
  int descriptor = -1;
  std::string path;
  ReplayLog::Frame frame;
  Moment last;
  std::vector<std::byte> unwritten;
  off_t written = 0;
  off_t fetched = 0;  // Up to here the file has been read into `unread`.
  std::vector<std::byte> unread;
  std::size_t next = 0;  // Of `unread`.
  std::optional<Error> problem;

  ~File() override {
    if (descriptor >= 0) close(descriptor);
  }

  void failed(const char* what) {
    if (problem) return;
    problem = Error{ErrorKind::io, path + ": cannot " + what + " what was sent: " + std::strerror(errno) +
                                       "; make room there, or name another folder in TMPDIR"};
  }

  void write(std::span<const std::byte> bytes) override {
    unwritten.insert(unwritten.end(), bytes.begin(), bytes.end());
    if (unwritten.size() >= write_at_once) flush();
  }
  void flush() {
    std::span<const std::byte> left(unwritten);
    while (!left.empty() && !problem) {
      const ssize_t count = pwrite(descriptor, left.data(), left.size(), written);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failed("keep");
      written += count;
      left = left.subspan(static_cast<std::size_t>(count));
    }
    unwritten.clear();
  }

  std::size_t read(std::span<std::byte> bytes) override {
    std::size_t got = 0;
    while (got < bytes.size()) {
      if (next == unread.size() && !fetch()) break;
      const std::size_t count = std::min(bytes.size() - got, unread.size() - next);
      std::memcpy(bytes.data() + got, unread.data() + next, count);
      next += count;
      got += count;
    }
    return got;
  }
  /// False at the end, and when there is a problem.
  bool fetch() {
    flush();
    if (problem || fetched == written) return false;
    unread.resize(static_cast<std::size_t>(std::min<off_t>(written - fetched, read_at_once)));
    next = 0;
    ssize_t count = -1;
    do {
      count = pread(descriptor, unread.data(), unread.size(), fetched);
    } while (count < 0 && errno == EINTR);
    unread.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    fetched += static_cast<off_t>(unread.size());
    if (count < 0) failed("read back");
    return count > 0;
  }
  [[nodiscard]] bool at_end() { return next == unread.size() && !fetch(); }

  template <class T>
  void put(Stage stage, std::optional<nanoseconds> at, const T& value) {
    last = std::max(last, Moment{stage, at.value_or(last.at)});
    ArchiveWriter archive(*this);
    archive(static_cast<std::uint8_t>(Event(std::in_place_type<T>).index()), last);
    transfer(archive, const_cast<T&>(value));  // It serves both directions; writing changes nothing.
  }
};

ReplayLog::ReplayLog(std::unique_ptr<File> file) : file_(std::move(file)) {}
ReplayLog::~ReplayLog() = default;

Result<std::unique_ptr<ReplayLog>> ReplayLog::create() {
  auto file = std::make_unique<File>();
  std::error_code no_folder;
  const auto folder = std::filesystem::temp_directory_path(no_folder);
  file->path = (no_folder ? std::filesystem::path("/tmp") : folder) / "peakstorm-sent-XXXXXX";
  file->descriptor = mkostemp(file->path.data(), O_CLOEXEC);
  if (file->descriptor < 0) {
    file->failed("keep");
    return tl::unexpected(*file->problem);
  }
  unlink(file->path.c_str());
  return std::unique_ptr<ReplayLog>(new ReplayLog(std::move(file)));
}

void ReplayLog::begin(const ReplayEnvironment& environment) {
  file_->frame.environment = environment;
}
void ReplayLog::request(const RequestRecord& record) {
  file_->put(record.kind == RequestKind::read_back ? Stage::reading_back : Stage::sending, record.done, record);
}
void ReplayLog::injected(const InjectedFault& fault) {
  file_->put(Stage::sending, std::nullopt, fault);
}
void ReplayLog::shown(const ShownStatus& status) {
  file_->put(Stage::sending, status.at, status);
}
void ReplayLog::read_back(const ShownParcel& parcel) {
  file_->put(Stage::reading_back, std::nullopt, parcel);
}
void ReplayLog::stored(const StoredMessage& message) {
  file_->put(Stage::stored, std::nullopt, message);
}
void ReplayLog::stored_all() {
  file_->put(Stage::stored, std::nullopt, StoredAll{});
}
void ReplayLog::end(nanoseconds wall, nanoseconds cpu, bool complete) {
  file_->frame.wall = wall;
  file_->frame.cpu = cpu;
  file_->frame.complete = complete;
}

const ReplayLog::Frame& ReplayLog::frame() const {
  return file_->frame;
}

Result<std::vector<std::byte>> ReplayLog::take(std::size_t limit) {
  std::vector<std::byte> bytes(limit);
  bytes.resize(file_->read(bytes));
  if (file_->problem) return tl::unexpected(*file_->problem);
  return bytes;
}

Result<void> ReplayLog::append(std::span<const std::byte> bytes) {
  file_->write(bytes);
  if (file_->problem) return tl::unexpected(*file_->problem);
  return {};
}

Result<void> tell(std::span<const std::unique_ptr<ReplayLog>> logs, ReplayRecorder& to) {
  struct Reader {
    ReplayLog::File& file;
    Moment moment;
    std::optional<Event> event;

    Result<void> next() {
      event.reset();
      if (file.at_end()) {
        if (file.problem) return tl::unexpected(*file.problem);
        return {};
      }
      ArchiveReader archive(file);
      std::uint8_t which = 0;
      archive(which, moment);
      event.emplace();
      const bool known = make(which, *event);
      std::visit([&](auto& value) { transfer(archive, value); }, *event);
      if (file.problem) return tl::unexpected(*file.problem);
      if (!known || !archive.ok()) {
        return fail(ErrorKind::malformed_reply, "what a rank sent is damaged; start the same program on all hosts");
      }
      return {};
    }
  };
  std::vector<Reader> readers;
  for (const auto& log : logs) {
    readers.push_back({*log->file_, {}, {}});
    if (auto read = readers.back().next(); !read) return read;
  }
  while (true) {
    Reader* first = nullptr;
    for (Reader& reader : readers) {
      if (reader.event && (first == nullptr || reader.moment < first->moment)) first = &reader;
    }
    if (first == nullptr) return {};
    std::visit(
        [&to](const auto& value) {
          using T = std::decay_t<decltype(value)>;
          if constexpr (std::is_same_v<T, RequestRecord>) to.request(value);
          if constexpr (std::is_same_v<T, InjectedFault>) to.injected(value);
          if constexpr (std::is_same_v<T, ShownStatus>) to.shown(value);
          if constexpr (std::is_same_v<T, ShownParcel>) to.read_back(value);
          if constexpr (std::is_same_v<T, StoredMessage>) to.stored(value);
          if constexpr (std::is_same_v<T, StoredAll>) to.stored_all();
        },
        *first->event);
    if (auto read = first->next(); !read) return read;
  }
}

}  // namespace peakstorm
