/// A 128-bit hash of a stream of bytes, and archives' bytes with such a sum behind them, so that damage is told from
/// state. Against accidents, not against forgers.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "engine/archive.hpp"
#include "engine/random.hpp"
#include "engine/simulation.hpp"

namespace peakstorm::checkpoint {

/// Does not depend on how the bytes are cut into calls.
class ByteHash {
 public:
  void add(std::span<const std::byte> bytes) {
    length_ += bytes.size();
    while (!bytes.empty()) {
      if (filled_ == 0) {
        for (; bytes.size() >= sizeof(std::uint64_t); bytes = bytes.subspan(sizeof(std::uint64_t))) {
          std::uint64_t word = 0;
          std::memcpy(&word, bytes.data(), sizeof word);
          add_word(word);
        }
      }
      const std::size_t count = std::min(bytes.size(), word_.size() - filled_);
      std::copy_n(bytes.begin(), count, word_.begin() + static_cast<std::ptrdiff_t>(filled_));
      bytes = bytes.subspan(count);
      filled_ += count;
      if (filled_ == word_.size()) {
        std::uint64_t word = 0;
        std::memcpy(&word, word_.data(), sizeof word);
        add_word(word);
        filled_ = 0;
      }
    }
  }
  [[nodiscard]] Digest value() const {
    ByteHash whole = *this;
    std::uint64_t rest = 0;
    std::memcpy(&rest, word_.data(), filled_);
    whole.add_word(rest);
    whole.add_word(length_);
    return {whole.high_, whole.low_};
  }

 private:
  void add_word(std::uint64_t word) {
    low_ = mix64(low_ + word);
    high_ = mix64((high_ ^ word) * 0x9e3779b97f4a7c15ULL) + low_;
  }
  std::uint64_t low_ = 0x243f6a8885a308d3ULL;
  std::uint64_t high_ = 0x13198a2e03707344ULL;
  std::uint64_t length_ = 0;
  std::array<std::byte, 8> word_{};
  std::size_t filled_ = 0;
};

/// Only hashes.
class HashSink final : public ByteSink {
 public:
  void write(std::span<const std::byte> bytes) override { hash_.add(bytes); }
  [[nodiscard]] Digest value() const { return hash_.value(); }

 private:
  ByteHash hash_;
};

/// Passes bytes on in large pieces, and their sum at the end.
class SummedSink final : public ByteSink {
 public:
  explicit SummedSink(ByteSink& sink) : sink_(sink) { held_.reserve(piece); }
  void write(std::span<const std::byte> bytes) override {
    if (held_.size() + bytes.size() > piece) pass_on();
    if (bytes.size() >= piece) {
      hash_.add(bytes);
      sink_.write(bytes);
    } else {
      held_.insert(held_.end(), bytes.begin(), bytes.end());
    }
  }
  /// Nothing may be written after it.
  void finish() {
    pass_on();
    const Digest sum = hash_.value();
    sink_.write(std::as_bytes(std::span(&sum, 1)));
  }

 private:
  static constexpr std::size_t piece = std::size_t{1} << 16U;
  void pass_on() {
    hash_.add(held_);
    if (!held_.empty()) sink_.write(held_);
    held_.clear();
  }
  ByteSink& sink_;
  ByteHash hash_;
  std::vector<std::byte> held_;
};

/// Reads what a SummedSink wrote. The sum is checked by finish(): until then the bytes may be anything.
class SummedSource final : public ByteSource {
 public:
  explicit SummedSource(ByteSource& source) : source_(source), held_(piece) { fill(); }
  std::size_t read(std::span<std::byte> bytes) override {
    std::size_t count = 0;
    while (count < bytes.size()) {
      if (end_ - begin_ <= sizeof(Digest)) fill();
      const std::size_t there = end_ - begin_;
      if (there <= sizeof(Digest)) break;
      const std::size_t some = std::min(bytes.size() - count, there - sizeof(Digest));
      std::memcpy(bytes.data() + count, held_.data() + begin_, some);
      hash_.add(std::span(held_).subspan(begin_, some));
      begin_ += some;
      count += some;
    }
    return count;
  }
  /// Passes over the rest, which must be nothing if `is_all` was to be read; true when the sum is right.
  bool finish(bool is_all) {
    std::array<std::byte, 4096> rest{};
    bool right = true;
    for (std::size_t count = 0; (count = read(rest)) > 0;) right = right && !is_all;
    Digest sum;
    if (end_ - begin_ != sizeof sum) return false;
    std::memcpy(&sum, held_.data() + begin_, sizeof sum);
    return right && sum == hash_.value();
  }

 private:
  static constexpr std::size_t piece = std::size_t{1} << 16U;
  /// Keeps what is left and reads more behind it.
  void fill() {
    std::memmove(held_.data(), held_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    while (!at_end_ && end_ < held_.size()) {
      const std::size_t wanted = held_.size() - end_;
      const std::size_t count = source_.read(std::span(held_).subspan(end_, wanted));
      at_end_ = count < wanted;
      end_ += count;
    }
  }
  ByteSource& source_;
  ByteHash hash_;
  std::vector<std::byte> held_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool at_end_ = false;
};

}  // namespace peakstorm::checkpoint
