#include "results/store/stream.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "peakstorm.pb.h"

namespace peakstorm::store {
namespace {

using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

// A frame is what a reader holds in memory: 64 Ki scans are about 2 MB plain and well below 1 MB packed.
constexpr std::size_t frame_messages = 65'536;
constexpr int zstd_level = 1;  // Level 3 saves 6 % of the space and costs twice the time.
constexpr std::uint32_t skippable_magic = 0x184D2A50;
constexpr std::string_view index_mark = "PSIX";
// Larger claims in an index are damage, not data: refuse before allocating.
constexpr std::uint64_t frame_bytes_max = std::uint64_t{1} << 30U;

std::int64_t ticks(SimTime at) {
  return at.time_since_epoch().count();
}
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

void encode(const Scan& scan, pb::Scan& out) {
  out.set_at_ms(ticks(scan.at));
  const bool missed = scan.reported == never;
  out.set_reported_delay_ms(missed ? 0 : (scan.reported - scan.at).count());
  out.set_never_reported(missed);
  out.set_parcel_id(static_cast<std::uint64_t>(scan.parcel));
  out.set_place_id_plus_1(scan.place == no_place ? 0 : static_cast<std::uint32_t>(scan.place) + 1);
  out.set_eta_day_plus_1(scan.eta_day == no_day ? 0 : std::uint32_t{scan.eta_day} + 1);
  out.set_kind(static_cast<pb::Scan::Kind>(scan.kind));
  out.set_sequence(scan.sequence);
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

void encode(const ShopperAct& act, pb::Act& out) {
  out.set_at_ms(ticks(act.at));
  out.set_parcel_id(static_cast<std::uint64_t>(act.parcel));
  out.set_kind(static_cast<pb::Act::Kind>(act.kind));
  out.set_sequence(act.sequence);
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

template <class T>
class Writer final : public StreamWriter<T> {
 public:
  Writer(std::filesystem::path path, std::unique_ptr<OutputFile> file)
      : path_(std::move(path)), file_(std::move(file)), context_(ZSTD_createCCtx(), ZSTD_freeCCtx) {
    if (!context_) throw std::bad_alloc();
    plain_.resize(std::size_t{1} << 20U);
  }

  Result<void> append(std::span<const T> items) override {
    for (const T& item : items) {
      encode(item, message_);
      const auto size = message_.ByteSizeLong();
      // A length fits into five bytes.
      if (used_ + size + 5 > plain_.size()) plain_.resize(plain_.size() * 2);
      std::uint8_t* at = plain_.data() + used_;
      at = CodedOutputStream::WriteVarint32ToArray(static_cast<std::uint32_t>(size), at);
      at = message_.SerializeWithCachedSizesToArray(at);
      used_ = static_cast<std::size_t>(at - plain_.data());
      if (messages_ == 0) first_at_ = item.at;
      last_at_ = item.at;
      if (++messages_ == frame_messages) {
        if (auto flushed = flush(); !flushed) return flushed;
      }
    }
    return {};
  }

  Result<void> finish() override {
    if (auto flushed = flush(); !flushed) return flushed;
    const std::string index = index_.SerializeAsString();
    std::vector<std::byte> tail;
    const auto payload = index.size() + 4 + index_mark.size();
    put_u32(tail, skippable_magic);
    put_u32(tail, static_cast<std::uint32_t>(payload));
    const auto* bytes = reinterpret_cast<const std::byte*>(index.data());
    tail.insert(tail.end(), bytes, bytes + index.size());
    put_u32(tail, static_cast<std::uint32_t>(index.size()));
    for (const char c : index_mark) tail.push_back(static_cast<std::byte>(c));
    if (auto written = file_->append(tail); !written) return written;
    return file_->finish();
  }

  void save(ArchiveWriter& archive) const override {
    archive(file_->size(), file_->hash(), index_.SerializeAsString());
    archive(messages_, first_at_, last_at_, std::vector(plain_.begin(), plain_.begin() + static_cast<long>(used_)));
  }

  Result<void> sync() override { return file_->sync(); }

  Result<void> resume(ArchiveReader& archive) override {
    std::uint64_t size = 0;
    std::string hash;
    std::string index;
    std::vector<std::uint8_t> plain;
    archive(size, hash, index, messages_, first_at_, last_at_, plain);
    if (!archive.ok() || !index_.ParseFromString(index) || messages_ >= frame_messages) {
      return fail(ErrorKind::bad_input,
                  fmt::format("{}: the checkpoint does not say how far it had come; resume from another checkpoint",
                              path_.string()));
    }
    used_ = plain.size();
    if (used_ > plain_.size()) plain_.resize(used_);
    std::copy(plain.begin(), plain.end(), plain_.begin());
    return file_->rewind(size, hash);
  }

  [[nodiscard]] FileFacts facts() const override { return {file_->size(), file_->hash()}; }

 private:
  Result<void> flush() {
    if (messages_ == 0) return {};
    packed_.resize(ZSTD_compressBound(used_));
    const std::size_t size =
        ZSTD_compressCCtx(context_.get(), packed_.data(), packed_.size(), plain_.data(), used_, zstd_level);
    if (ZSTD_isError(size) != 0) {
      return fail(ErrorKind::io, fmt::format("zstd cannot compress: {}", ZSTD_getErrorName(size)));
    }
    pb::FrameIndex::Frame& frame = *index_.add_frame();
    frame.set_first_at_ms(ticks(first_at_));
    frame.set_last_at_ms(ticks(last_at_));
    frame.set_offset_bytes(file_->size());
    frame.set_size_bytes(size);
    frame.set_plain_bytes(used_);
    frame.set_messages(messages_);
    used_ = 0;
    messages_ = 0;
    return file_->append(std::span<const std::byte>(packed_.data(), size));
  }

  std::filesystem::path path_;
  std::unique_ptr<OutputFile> file_;
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context_;
  typename MessageOf<T>::Type message_;
  std::vector<std::uint8_t> plain_;
  std::vector<std::byte> packed_;
  std::size_t used_ = 0;
  std::uint64_t messages_ = 0;
  SimTime first_at_{};
  SimTime last_at_{};
  pb::FrameIndex index_;
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
          frame.plain_bytes() > frame_bytes_max || frame.messages() > frame.plain_bytes()) {
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

  void seek(SimTime at) override {
    next_ = 0;
    while (next_ < index_.frame_size() && index_.frame(next_).last_at_ms() < ticks(at)) ++next_;
  }

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
Result<std::unique_ptr<StreamWriter<T>>> StreamWriter<T>::create(const std::filesystem::path& path, FileCalls& calls) {
  auto file = OutputFile::create(path, calls);
  if (!file) return tl::unexpected(file.error());
  return std::make_unique<Writer<T>>(path, std::move(*file));
}

template <class T>
Result<std::unique_ptr<StreamWriter<T>>> StreamWriter<T>::reopen(const std::filesystem::path& path, FileCalls& calls) {
  auto file = OutputFile::reopen(path, calls);
  if (!file) return tl::unexpected(file.error());
  return std::make_unique<Writer<T>>(path, std::move(*file));
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
