/// State as bytes: what a checkpoint and the exchange between ranks are made of. Little-endian, without padding,
/// the same on every machine. Computation only: where the bytes go is the caller's (ByteSink, ByteSource).
///
/// A class describes its state once, for both directions:
///
///     template <class Archive>
///     void transfer(Archive& archive) { archive(level_, sorter_, parcels_); }
///
/// Numbers, enums, times, pairs, arrays, vectors, deques, strings and optionals of such are known here. Integers are
/// written at their own width, so a change of a member's type changes the format: archive_version below must then grow.
/// Bytes that cannot be read (cut short, a length beyond what is left) never crash: the reader fails, every
/// later value reads as zero, and ok() says so. What was read is to be used only if ok() at the end.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace peakstorm {

/// Of everything written through an archive; checked by whoever stores it.
inline constexpr std::uint32_t archive_version = 3;

static_assert(std::endian::native == std::endian::little, "archives are copied from memory");

/// Takes bytes in order. Errors are the implementation's to remember; writing goes on regardless.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void write(std::span<const std::byte> bytes) = 0;
};

/// Gives bytes in order.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills `bytes` from the front and returns how many there were: fewer than asked only at the end.
  virtual std::size_t read(std::span<std::byte> bytes) = 0;
};

class BytesSink final : public ByteSink {
 public:
  explicit BytesSink(std::vector<std::byte>& bytes) : bytes_(bytes) {}
  void write(std::span<const std::byte> bytes) override { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

 private:
  std::vector<std::byte>& bytes_;
};

class BytesSource final : public ByteSource {
 public:
  explicit BytesSource(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::size_t read(std::span<std::byte> bytes) override {
    const std::size_t count = bytes.size() < bytes_.size() ? bytes.size() : bytes_.size();
    if (count > 0) std::memcpy(bytes.data(), bytes_.data(), count);
    bytes_ = bytes_.subspan(count);
    return count;
  }
  [[nodiscard]] std::size_t left() const { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
};

/// Memory that can be copied as it is: every bit belongs to the value.
template <class T>
concept PlainBytes = std::is_trivially_copyable_v<T> &&
    (std::is_arithmetic_v<T> || std::is_enum_v<T> ||
     std::has_unique_object_representations_v<T>)&&!std::is_pointer_v<T>;

/// Values that lie in memory as they are written.
template <class Values>
inline constexpr bool is_plain_run = false;
template <PlainBytes T>
inline constexpr bool is_plain_run<std::vector<T>> = !std::is_same_v<T, bool>;

class ArchiveWriter {
 public:
  static constexpr bool is_reading = false;
  explicit ArchiveWriter(ByteSink& sink) : sink_(sink) {}

  template <class... Ts>
  void operator()(const Ts&... values) {
    (put(values), ...);
  }
  /// The elements of a vector or deque whose size the reader knows (it follows from the World, for instance).
  template <class Values>
  void each(const Values& values) {
    if constexpr (is_plain_run<Values>) {
      sink_.write(std::as_bytes(std::span(values)));
    } else {
      for (const auto& value : values) put(value);
    }
  }
  /// Plain bytes of a length the reader knows.
  void raw(std::span<const std::byte> bytes) { sink_.write(bytes); }
  [[nodiscard]] bool ok() const { return true; }

 private:
  template <class T>
  void put(const T& value) {
    if constexpr (PlainBytes<T>) {
      sink_.write(std::as_bytes(std::span(&value, 1)));
    } else {
      // transfer() serves both directions and is therefore not const; writing changes nothing.
      const_cast<T&>(value).transfer(*this);
    }
  }
  template <class Rep, class Period>
  void put(const std::chrono::duration<Rep, Period>& value) {
    put(value.count());
  }
  template <class Clock, class Duration>
  void put(const std::chrono::time_point<Clock, Duration>& value) {
    put(value.time_since_epoch().count());
  }
  template <class A, class B>
  void put(const std::pair<A, B>& value) {
    put(value.first);
    put(value.second);
  }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class T, std::size_t size>
  void put(const std::array<T, size>& values) {
    for (const T& value : values) put(value);
  }
  void put(const std::string& text) { put_all(text); }
  template <class T>
  void put(const std::vector<T>& values) {
    put_all(values);
  }
  void put(const std::vector<bool>& values) {
    put(static_cast<std::uint64_t>(values.size()));
    for (const bool value : values) put(value);
  }
  template <class T>
  void put(const std::deque<T>& values) {
    put(static_cast<std::uint64_t>(values.size()));
    for (const T& value : values) put(value);
  }
  template <class Values>
  void put_all(const Values& values) {
    using T = typename Values::value_type;
    put(static_cast<std::uint64_t>(values.size()));
    if constexpr (PlainBytes<T>) {
      sink_.write(std::as_bytes(std::span(values.data(), values.size())));
    } else {
      for (const T& value : values) put(value);
    }
  }

  ByteSink& sink_;
};

class ArchiveReader {
 public:
  static constexpr bool is_reading = true;
  explicit ArchiveReader(ByteSource& source) : source_(source) {}

  template <class... Ts>
  void operator()(Ts&... values) {
    (get(values), ...);
  }
  /// The elements of a vector or deque that has its size already.
  template <class Values>
  void each(Values& values) {
    if constexpr (is_plain_run<Values>) {
      raw(std::as_writable_bytes(std::span(values)));
    } else {
      for (auto& value : values) get(value);
    }
  }
  /// Plain bytes of a known length; zeros once the reader has failed.
  void raw(std::span<std::byte> bytes) {
    if (ok_ && source_.read(bytes) != bytes.size()) ok_ = false;
    if (!ok_ && !bytes.empty()) std::memset(bytes.data(), 0, bytes.size());
  }
  /// False once something could not be read.
  [[nodiscard]] bool ok() const { return ok_; }
  /// For the owner's own checks ("more docks than lanes").
  void fail() { ok_ = false; }

 private:
  template <class T>
  void get(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      std::uint8_t byte = 0;
      get(byte);
      value = byte == 1;
      if (byte > 1) fail();
    } else if constexpr (PlainBytes<T>) {
      raw(std::as_writable_bytes(std::span(&value, 1)));
    } else {
      value.transfer(*this);
    }
  }
  template <class Rep, class Period>
  void get(std::chrono::duration<Rep, Period>& value) {
    Rep count{};
    get(count);
    value = std::chrono::duration<Rep, Period>{count};
  }
  template <class Clock, class Duration>
  void get(std::chrono::time_point<Clock, Duration>& value) {
    Duration since{};
    get(since);
    value = std::chrono::time_point<Clock, Duration>{since};
  }
  template <class A, class B>
  void get(std::pair<A, B>& value) {
    get(value.first);
    get(value.second);
  }
  template <class T>
  void get(std::optional<T>& value) {
    bool has_value = false;
    get(has_value);
    value.reset();
    if (has_value) get(value.emplace());
  }
  template <class T, std::size_t size>
  void get(std::array<T, size>& values) {
    for (T& value : values) get(value);
  }
  void get(std::string& text) { get_all(text); }
  template <class T>
  void get(std::vector<T>& values) {
    get_all(values);
  }
  void get(std::vector<bool>& values) {
    std::uint64_t size = 0;
    get(size);
    values.clear();
    for (std::uint64_t i = 0; i < size && ok_; ++i) {
      bool value = false;
      get(value);
      values.push_back(value);
    }
  }
  template <class T>
  void get(std::deque<T>& values) {
    std::uint64_t size = 0;
    get(size);
    values.clear();
    for (std::uint64_t i = 0; i < size && ok_; ++i) get(values.emplace_back());
  }
  template <class Values>
  void get_all(Values& values) {
    using T = typename Values::value_type;
    std::uint64_t size = 0;
    get(size);
    values.clear();
    if constexpr (PlainBytes<T>) {
      // A torn length must not ask for all the memory there is: grow as the bytes come.
      constexpr std::uint64_t step = (std::uint64_t{1} << 24U) / sizeof(T);
      while (size > 0 && ok_) {
        const std::uint64_t count = size < step ? size : step;
        const std::size_t old = values.size();
        values.resize(old + static_cast<std::size_t>(count));
        raw(std::as_writable_bytes(std::span(values.data() + old, static_cast<std::size_t>(count))));
        size -= count;
      }
    } else {
      for (std::uint64_t i = 0; i < size && ok_; ++i) get(values.emplace_back());
    }
    if (!ok_) values.clear();
  }

  ByteSource& source_;
  bool ok_ = true;
};

}  // namespace peakstorm
