#include "results/store/stream.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <sys/stat.h>
#include <tbb/task_arena.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "engine/hand_over.hpp"
#include "peakstorm.pb.h"
#include "results/store/ticks.hpp"

namespace peakstorm::store {
namespace {

using google::protobuf::io::CodedInputStream;

// A frame is what a reader holds in memory: 64 Ki scans are about 2 MB plain and well below 1 MB packed.
constexpr std::size_t frame_messages = 65'536;
constexpr int zstd_level = 1;  // Level 3 saves 6 % of the space and costs twice the time.
constexpr std::uint32_t skippable_magic = 0x184D2A50;
constexpr std::string_view index_mark = "PSIX";
// Larger claims in an index are damage, not data: refuse before allocating.
constexpr std::uint64_t frame_bytes_max = std::uint64_t{1} << 26U;

SimTime instant(std::int64_t ms) {
  return SimTime{SimDuration{ms}};
}

void put_u32(std::vector<std::byte>& out, std::uint32_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::byte>((value >> shift) & 0xffU));
}
std::uint32_t get_u32(const std::byte* bytes) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value |= std::to_integer<std::uint32_t>(bytes[i]) << (8 * i);
  return value;
}

/// Every message with its length takes less.
constexpr std::size_t message_bytes_max = 64;

std::uint8_t* put_varint(std::uint64_t value, std::uint8_t* out) {
  while (value >= 0x80) {
    *out++ = static_cast<std::uint8_t>(value | 0x80U);
    value >>= 7U;
  }
  *out++ = static_cast<std::uint8_t>(value);
  return out;
}
constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63U);
}
/// A field of wire type 0; proto3 leaves zeros out. Field numbers are below 16: the tag is one byte.
std::uint8_t* put_field(std::uint8_t number, std::uint64_t value, std::uint8_t* out) {
  if (value == 0) return out;
  *out++ = static_cast<std::uint8_t>(number << 3U);
  return put_varint(value, out);
}

/// pb::Scan with its length in front, as the generated code writes it: field by field, in the order of their numbers.
/// By hand, because every scan of a nation may pass here, and a message object per scan is most of the cost otherwise.
std::uint8_t* encode(const Scan& scan, std::uint8_t* out) {
  std::uint8_t* at = out + 1;  // The length is one byte: a message is shorter than 128.
  at = put_field(1, zigzag(ticks(scan.at)), at);
  if (scan.reported == never) {
    at = put_field(3, 1, at);
  } else {
    at = put_field(2, zigzag((scan.reported - scan.at).count()), at);
  }
  if (const auto parcel = static_cast<std::uint64_t>(scan.parcel); parcel != 0) {
    *at++ = 4U << 3U | 1U;  // Wire type 1: eight bytes, the lowest first.
    for (unsigned shift = 0; shift < 64; shift += 8) *at++ = static_cast<std::uint8_t>(parcel >> shift);
  }
  at = put_field(5, scan.place == no_place ? 0 : static_cast<std::uint64_t>(scan.place) + 1, at);
  at = put_field(6, scan.eta_day == no_day ? 0 : std::uint64_t{scan.eta_day} + 1, at);
  at = put_field(7, static_cast<std::uint64_t>(scan.kind), at);
  at = put_field(8, scan.sequence, at);
  *out = static_cast<std::uint8_t>(at - out - 1);
  return at;
}

std::uint8_t* encode(const ShopperAct& act, std::uint8_t* out) {
  std::uint8_t* at = out + 1;
  at = put_field(1, zigzag(ticks(act.at)), at);
  if (const auto parcel = static_cast<std::uint64_t>(act.parcel); parcel != 0) {
    *at++ = 2U << 3U | 1U;
    for (unsigned shift = 0; shift < 64; shift += 8) *at++ = static_cast<std::uint8_t>(parcel >> shift);
  }
  at = put_field(3, static_cast<std::uint64_t>(act.kind), at);
  at = put_field(4, act.sequence, at);
  *out = static_cast<std::uint8_t>(at - out - 1);
  return at;
}

bool decode(const pb::Scan& in, Scan& scan) {
  if (in.place_id_plus_1() > 0xffff || in.eta_day_plus_1() > 0xffff || in.sequence() > 0xff) return false;
  if (in.kind() <= 0 || static_cast<std::size_t>(in.kind()) >= scan_kind_end) return false;
  if (in.reported_delay_ms() < 0) return false;
  // Keeps every sum of instants that a reader may form far from overflow.
  constexpr std::int64_t sane = std::int64_t{1} << 52U;
  if (in.at_ms() < -sane || in.at_ms() > sane || in.reported_delay_ms() > sane) return false;
  scan.at = instant(in.at_ms());
  scan.reported = in.never_reported() ? never : scan.at + SimDuration{in.reported_delay_ms()};
  scan.parcel = ParcelId{in.parcel_id()};
  scan.place = in.place_id_plus_1() == 0 ? no_place : PlaceId{static_cast<std::uint16_t>(in.place_id_plus_1() - 1)};
  scan.eta_day = in.eta_day_plus_1() == 0 ? no_day : static_cast<std::uint16_t>(in.eta_day_plus_1() - 1);
  scan.kind = static_cast<ScanKind>(in.kind());
  scan.sequence = static_cast<std::uint8_t>(in.sequence());
  return true;
}

bool decode(const pb::Act& in, ShopperAct& act) {
  if (in.sequence() > 0xff || in.kind() <= 0 || static_cast<std::size_t>(in.kind()) >= act_kind_names.size()) {
    return false;
  }
  act.at = instant(in.at_ms());
  act.parcel = ParcelId{in.parcel_id()};
  act.kind = static_cast<ActKind>(in.kind());
  act.sequence = static_cast<std::uint8_t>(in.sequence());
  return true;
}

template <class T>
struct MessageOf;
template <>
struct MessageOf<Scan> {
  using Type = pb::Scan;
};
template <>
struct MessageOf<ShopperAct> {
  using Type = pb::Act;
};

/// Up to frame_messages items on their way into the file. Packing one needs nothing but itself.
template <class T>
struct Frame {
  std::vector<std::uint8_t> head;  ///< Messages that a checkpoint held, encoded; they come first.
  std::uint64_t head_messages = 0;
  SimTime head_first{};
  SimTime head_last{};
  std::vector<T> items;

  std::size_t plain_bytes = 0;
  std::vector<std::byte> packed;
  const char* error = nullptr;  ///< Of zstd.

  [[nodiscard]] std::uint64_t messages() const { return head_messages + items.size(); }
  [[nodiscard]] SimTime first_at() const { return head_messages > 0 ? head_first : items.front().at; }
  [[nodiscard]] SimTime last_at() const { return items.empty() ? head_last : items.back().at; }

  /// Appends the encoded messages to `plain`.
  void encode_to(std::vector<std::uint8_t>& plain) const {
    const std::size_t before = plain.size();
    plain.resize(before + head.size() + items.size() * message_bytes_max);
    std::copy(head.begin(), head.end(), plain.begin() + static_cast<std::ptrdiff_t>(before));
    std::uint8_t* at = plain.data() + before + head.size();
    for (const T& item : items) at = encode(item, at);
    plain.resize(static_cast<std::size_t>(at - plain.data()));
  }

  void pack() {
    struct Bench {
      std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context{ZSTD_createCCtx(), ZSTD_freeCCtx};
      std::vector<std::uint8_t> plain;
    };
    thread_local Bench bench;
    if (!bench.context) throw std::bad_alloc();
    bench.plain.clear();
    encode_to(bench.plain);
    plain_bytes = bench.plain.size();
    packed.resize(ZSTD_compressBound(plain_bytes));
    const std::size_t size = ZSTD_compressCCtx(bench.context.get(), packed.data(), packed.size(), bench.plain.data(),
                                               plain_bytes, zstd_level);
    if (ZSTD_isError(size) != 0) error = ZSTD_getErrorName(size);
    packed.resize(error == nullptr ? size : 0);
  }

  /// True for the one thread that is to pack it.
  bool claim() {
    std::uint32_t fresh = 0;
    return state.compare_exchange_strong(fresh, claimed);
  }
  void finish() {
    state.store(done, std::memory_order_release);  // Pairs with the acquire in wait() and is_done().
    state.notify_all();
  }
  [[nodiscard]] bool is_done() const { return state.load(std::memory_order_acquire) == done; }
  /// Requires: somebody has claimed it.
  void wait() const {
    while (!is_done()) state.wait(claimed, std::memory_order_acquire);
  }

 private:
  static constexpr std::uint32_t claimed = 1;
  static constexpr std::uint32_t done = 2;
  std::atomic<std::uint32_t> state{0};
};

/// Of frames offered to helpers.
HandOver offered;

/// Frames are packed by whoever has time: a helper, while the simulation goes on, or the caller, who never waits for a
/// frame that nobody has begun. They are written in order, and are the same for any number of threads.
template <class T>
class Writer final : public StreamWriter<T> {
 public:
  Writer(const std::filesystem::path& path, std::unique_ptr<OutputFile> file, unsigned threads)
      : state_(std::make_unique<State>()) {
    state_->path = path;
    state_->file = std::move(file);
    if (threads > 1) state_->helpers.emplace(static_cast<int>(threads), 1);
    state_->next = std::make_shared<Frame<T>>();
  }

  Result<void> append(std::span<const T> items) override {
    while (!items.empty()) {
      Frame<T>& next = *state_->next;
      const std::size_t count = std::min<std::size_t>(items.size(), frame_messages - next.messages());
      if (next.items.empty()) next.items.reserve(std::min<std::size_t>(frame_messages, 4 * items.size()));
      next.items.insert(next.items.end(), items.begin(), items.begin() + static_cast<std::ptrdiff_t>(count));
      items = items.subspan(count);
      if (next.messages() < frame_messages) break;
      state_->submit();
      while (state_->frames.size() > frames_waiting || (!state_->frames.empty() && state_->frames.front()->is_done())) {
        if (auto written = state_->write_front(); !written) return written;
      }
    }
    return {};
  }

  Result<void> finish() override {
    if (state_->next->messages() > 0) state_->submit();
    if (auto drained = state_->drain(); !drained) return drained;
    const std::string index = state_->index.SerializeAsString();
    std::vector<std::byte> tail;
    const auto payload = index.size() + 4 + index_mark.size();
    put_u32(tail, skippable_magic);
    put_u32(tail, static_cast<std::uint32_t>(payload));
    const auto* bytes = reinterpret_cast<const std::byte*>(index.data());
    tail.insert(tail.end(), bytes, bytes + index.size());
    put_u32(tail, static_cast<std::uint32_t>(index.size()));
    for (const char c : index_mark) tail.push_back(static_cast<std::byte>(c));
    if (auto written = state_->file->append(tail); !written) return written;
    return state_->file->finish();
  }

  void save(ArchiveWriter& archive) const override {
    // What cannot be written now cannot be written later either: append() or finish() will say so.
    (void)state_->drain();
    const Frame<T>& next = *state_->next;
    std::vector<std::uint8_t> plain;
    next.encode_to(plain);
    const bool any = next.messages() > 0;
    archive(state_->file->size(), state_->file->hash(), state_->index.SerializeAsString(), next.messages(),
            any ? next.first_at() : SimTime{}, any ? next.last_at() : SimTime{}, plain);
  }

  Result<void> sync() override {
    if (auto drained = state_->drain(); !drained) return drained;
    return state_->file->sync();
  }

  Result<void> resume(ArchiveReader& archive) override {
    std::uint64_t size = 0;
    std::string hash;
    std::string index;
    Frame<T>& next = *state_->next;
    archive(size, hash, index, next.head_messages, next.head_first, next.head_last, next.head);
    if (!archive.ok() || !state_->index.ParseFromString(index) || next.head_messages >= frame_messages) {
      return fail(ErrorKind::bad_input,
                  fmt::format("{}: the checkpoint does not say how far it had come; resume from another checkpoint",
                              state_->path.string()));
    }
    return state_->file->rewind(size, hash);
  }

  [[nodiscard]] FileFacts facts() const override { return {state_->file->size(), state_->file->hash()}; }

 private:
  /// Full frames that may wait: 2 MB of scans each.
  static constexpr std::size_t frames_waiting = 12;

  struct State {
    std::filesystem::path path;
    std::unique_ptr<OutputFile> file;
    std::optional<tbb::task_arena> helpers;
    std::shared_ptr<Frame<T>> next;
    std::deque<std::shared_ptr<Frame<T>>> frames;
    pb::FrameIndex index;

    void submit() {
      frames.push_back(std::exchange(next, std::make_shared<Frame<T>>()));
      if (!helpers) return;
      auto* frame = new std::shared_ptr<Frame<T>>(frames.back());  // NOLINT(cppcoreguidelines-owning-memory): help().
      offered.give();
      helpers->enqueue([frame]() __attribute__((no_sanitize("thread"))) { help(frame); });
    }

    static void help(std::shared_ptr<Frame<T>>* frame) {
      offered.take();
      const std::unique_ptr<std::shared_ptr<Frame<T>>> owned(frame);
      if (!(*owned)->claim()) return;
      (*owned)->pack();
      (*owned)->finish();
    }

    Result<void> write_front() {
      Frame<T>& front = *frames.front();
      // While another thread packs the first, the caller packs the next that nobody has begun.
      for (std::size_t i = 0; !front.is_done() && i < frames.size(); ++i) {
        if (!frames[i]->claim()) continue;
        frames[i]->pack();
        frames[i]->finish();
      }
      front.wait();
      if (front.error != nullptr) {
        return fail(ErrorKind::io, fmt::format("{}: zstd cannot compress: {}", path.string(), front.error));
      }
      pb::FrameIndex::Frame& entry = *index.add_frame();
      entry.set_first_at_ms(ticks(front.first_at()));
      entry.set_last_at_ms(ticks(front.last_at()));
      entry.set_offset_bytes(file->size());
      entry.set_size_bytes(front.packed.size());
      entry.set_plain_bytes(front.plain_bytes);
      entry.set_messages(front.messages());
      const std::shared_ptr<Frame<T>> written = frames.front();
      frames.pop_front();
      return file->append(written->packed);
    }

    Result<void> drain() {
      while (!frames.empty()) {
        if (auto written = write_front(); !written) return written;
      }
      return {};
    }
  };

  std::unique_ptr<State> state_;
};

template <class T>
class Reader final : public StreamReader<T> {
 public:
  Reader(std::filesystem::path path, int file) : path_(std::move(path)), file_(file) {}
  ~Reader() override { ::close(file_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Result<void> read_index() {
    struct ::stat facts {};
    if (::fstat(file_, &facts) != 0) return io_error(path_, "read");
    size_ = static_cast<std::uint64_t>(facts.st_size);
    const std::size_t mark_size = 4 + index_mark.size();
    std::vector<std::byte> mark(mark_size);
    if (size_ < mark_size + 8) return damaged("it is too short; it was not finished");
    if (auto got = read(size_ - mark_size, mark); !got) return got;
    if (std::memcmp(mark.data() + 4, index_mark.data(), index_mark.size()) != 0) {
      return damaged("its index is missing; it was not finished");
    }
    const std::uint64_t index_size = get_u32(mark.data());
    if (index_size + mark_size + 8 > size_) return damaged("its index is longer than the file");
    std::vector<std::byte> bytes(index_size);
    data_end_ = size_ - mark_size - index_size - 8;
    if (auto got = read(data_end_ + 8, bytes); !got) return got;
    if (!index_.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
      return damaged("its index is not readable");
    for (const pb::FrameIndex::Frame& frame : index_.frame()) {
      if (frame.offset_bytes() > data_end_ || frame.size_bytes() > data_end_ - frame.offset_bytes() ||
          frame.plain_bytes() > frame_bytes_max || frame.messages() > frame_messages) {
        return damaged("its index does not fit the file");
      }
    }
    return {};
  }

  Result<void> next_frame(std::vector<T>& items) override {
    items.clear();
    if (next_ >= index_.frame_size()) return {};
    const int number = next_++;
    const pb::FrameIndex::Frame& frame = index_.frame(number);
    packed_.resize(frame.size_bytes());
    if (auto got = read(frame.offset_bytes(), packed_); !got) return got;
    plain_.resize(frame.plain_bytes());
    const std::size_t size = ZSTD_decompress(plain_.data(), plain_.size(), packed_.data(), packed_.size());
    if (ZSTD_isError(size) != 0 || size != plain_.size())
      return damaged(fmt::format("frame {} does not unpack", number));
    CodedInputStream in(plain_.data(), static_cast<int>(plain_.size()));
    items.reserve(frame.messages());
    typename MessageOf<T>::Type message;
    std::uint32_t length = 0;
    while (in.ReadVarint32(&length)) {
      const auto limit = in.PushLimit(static_cast<int>(std::min<std::uint32_t>(length, 1U << 20U)));
      message.Clear();
      T item{};
      if (!message.MergeFromCodedStream(&in) || in.BytesUntilLimit() != 0 || !decode(message, item)) {
        return damaged(fmt::format("frame {}, message {} is not a valid one", number, items.size()));
      }
      in.PopLimit(limit);
      items.push_back(item);
    }
    if (items.size() != frame.messages())
      return damaged(fmt::format("frame {} holds another number of messages", number));
    return {};
  }

  [[nodiscard]] std::span<const std::byte> plain() const override { return std::as_bytes(std::span(plain_)); }

 private:
  Result<void> read(std::uint64_t offset, std::vector<std::byte>& bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t got = ::pread(file_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return io_error(path_, "read");
      if (got == 0) return damaged("it is shorter than its index says");
      done += static_cast<std::size_t>(got);
    }
    return {};
  }
  tl::unexpected<Error> damaged(const std::string& what) const {
    return fail(ErrorKind::bad_input,
                fmt::format("{}: {}; restore the file or run the scenario again", path_.string(), what));
  }

  std::filesystem::path path_;
  int file_;
  std::uint64_t size_ = 0;
  std::uint64_t data_end_ = 0;
  pb::FrameIndex index_;
  int next_ = 0;
  std::vector<std::byte> packed_;
  std::vector<std::uint8_t> plain_;
};

}  // namespace

template <class T>
Result<std::unique_ptr<StreamWriter<T>>> StreamWriter<T>::create(const std::filesystem::path& path, FileCalls& calls,
                                                                 unsigned threads) {
  auto file = OutputFile::create(path, calls);
  if (!file) return tl::unexpected(file.error());
  return std::make_unique<Writer<T>>(path, std::move(*file), threads);
}

template <class T>
Result<std::unique_ptr<StreamWriter<T>>> StreamWriter<T>::reopen(const std::filesystem::path& path, FileCalls& calls,
                                                                 unsigned threads) {
  auto file = OutputFile::reopen(path, calls);
  if (!file) return tl::unexpected(file.error());
  return std::make_unique<Writer<T>>(path, std::move(*file), threads);
}

template <class T>
Result<std::unique_ptr<StreamReader<T>>> StreamReader<T>::open(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return io_error(path, "open");
  auto reader = std::make_unique<Reader<T>>(path, file);
  if (auto index = reader->read_index(); !index) return tl::unexpected(index.error());
  return reader;
}

template class StreamWriter<Scan>;
template class StreamWriter<ShopperAct>;
template class StreamReader<Scan>;
template class StreamReader<ShopperAct>;

}  // namespace peakstorm::store
