// Archives: what is written is read back, and damaged bytes are neither a crash nor an absurd allocation.
#include "engine/archive.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "engine/time.hpp"
#include "tests/sanitized.hpp"
#include "tests/theory.hpp"

namespace peakstorm {
namespace {

enum class Colour : std::uint8_t { red = 3, blue = 200 };

struct Inner {
  std::int16_t number = 0;
  bool yes = false;  // With the number it leaves a byte of padding, which must not be written.
  bool operator==(const Inner&) const = default;
  template <class Archive>
  void transfer(Archive& archive) {
    archive(number, yes);
  }
};

/// One of everything that an archive knows.
struct Everything {
  std::uint64_t large = 0;
  std::int8_t small = 0;
  double ratio = 0;
  Colour colour = Colour::red;
  SimTime at;
  SimDuration length{};
  std::string text;
  std::vector<std::uint32_t> numbers;
  std::vector<Inner> inners;
  std::vector<bool> flags;
  std::vector<std::string> texts;
  std::vector<std::vector<std::int64_t>> table;
  std::deque<Inner> line;
  std::array<Colour, 3> colours{};
  std::optional<Inner> perhaps;
  std::optional<std::uint16_t> no;
  std::pair<SimTime, std::string> both;
  std::vector<std::uint64_t> known = std::vector<std::uint64_t>(3);  ///< Always three.
  std::vector<Inner> known_inners = std::vector<Inner>(2);           ///< Always two.
  bool operator==(const Everything&) const = default;
  template <class Archive>
  void transfer(Archive& archive) {
    archive(large, small, ratio, colour, at, length, text, numbers, inners, flags, texts, table, line, colours, perhaps,
            no, both);
    archive.each(known);
    archive.each(known_inners);
  }
};

Everything sample() {
  Everything e;
  e.large = 0x0123'4567'89ab'cdefU;
  e.small = -5;
  e.ratio = -0.1;
  e.colour = Colour::blue;
  e.at = never;
  e.length = -hours(3);
  e.text = std::string("a\0b", 3);
  e.numbers = {1, 2, 4'000'000'000U};
  e.inners = {{-1, true}, {7, false}};
  e.flags = {true, false, true};
  e.texts = {"", "two"};
  e.table = {{}, {1, -2}, {3}};
  e.line = {{4, true}};
  e.colours = {Colour::blue, Colour::red, Colour::blue};
  e.perhaps = Inner{9, true};
  e.both = {day_zero + days(1), "both"};
  e.known = {7, 8, 9};
  e.known_inners = {{1, false}, {2, true}};
  return e;
}

std::vector<std::byte> written(const Everything& e) {
  std::vector<std::byte> bytes;
  BytesSink sink(bytes);
  ArchiveWriter archive(sink);
  archive(e);
  return bytes;
}

/// What was read, or nothing when the bytes do not hold it.
std::optional<Everything> read(std::span<const std::byte> bytes) {
  BytesSource source(bytes);
  ArchiveReader archive(source);
  Everything e;
  archive(e);
  if (!archive.ok() || source.left() > 0) return std::nullopt;
  return e;
}

TEST(Archive, ReadsBackWhatWasWritten) {
  EXPECT_EQ(read(written(sample())), sample());
  EXPECT_EQ(read(written({})), Everything{});
}

TEST(Archive, WritesLittleEndianWithoutPadding) {
  std::vector<std::byte> bytes;
  BytesSink sink(bytes);
  ArchiveWriter archive(sink);
  archive(std::uint32_t{0x01020304}, Inner{-2, true}, Colour::blue);
  const std::vector<std::byte> expected{std::byte{4},    std::byte{3},    std::byte{2}, std::byte{1},
                                        std::byte{0xfe}, std::byte{0xff}, std::byte{1}, std::byte{200}};
  EXPECT_EQ(bytes, expected);
}

TEST(Archive, TornBytesFailAtEveryLength) {
  const std::vector<std::byte> bytes = written(sample());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(read(std::span(bytes).first(length))) << length;
  }
}

TEST(Archive, AFailedReaderGivesZeros) {
  const std::vector<std::byte> bytes(3, std::byte{0xff});
  BytesSource source(bytes);
  ArchiveReader archive(source);
  std::uint32_t number = 7;
  std::uint8_t later = 7;
  std::string text = "old";
  archive(number, later, text);
  EXPECT_FALSE(archive.ok());
  EXPECT_EQ(number, 0U);
  EXPECT_EQ(later, 0U);
  EXPECT_EQ(text, "");
}

TEST(Archive, ABooleanIsZeroOrOne) {
  const std::vector<std::byte> bytes{std::byte{2}};
  BytesSource source(bytes);
  ArchiveReader archive(source);
  bool value = true;
  archive(value);
  EXPECT_FALSE(archive.ok());
}

/// Hands out endless bytes in vain: counts how many were asked for at once.
class ShortSource final : public ByteSource {
 public:
  explicit ShortSource(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::size_t read(std::span<std::byte> bytes) override {
    most = std::max(most, bytes.size());
    return bytes_.read(bytes);
  }
  std::size_t most = 0;

 private:
  BytesSource bytes_;
};

TEST(Archive, ALengthBeyondTheBytesDoesNotAskForTheMemory) {
  std::vector<std::byte> bytes;
  BytesSink sink(bytes);
  ArchiveWriter archive(sink);
  archive(std::numeric_limits<std::uint64_t>::max());
  for (int kind = 0; kind < 4; ++kind) {
    ShortSource source(bytes);
    ArchiveReader reader(source);
    std::vector<std::uint64_t> numbers;
    std::vector<std::string> texts;
    std::vector<bool> flags;
    std::deque<Inner> inners;
    if (kind == 0) reader(numbers);
    if (kind == 1) reader(texts);
    if (kind == 2) reader(flags);
    if (kind == 3) reader(inners);
    EXPECT_FALSE(reader.ok()) << kind;
    EXPECT_LE(source.most, std::size_t{1} << 24U) << kind;
    EXPECT_TRUE(numbers.empty());
  }
}

TEST(Archive, ChangedBytesAreReadOrRefusedButNeverACrash) {
  const std::vector<std::byte> good = written(sample());
  std::mt19937_64 random(11);
  // A damaged length may cost megabytes until the bytes run out: 20,000 rounds take 11 s.
  for (unsigned round = 0; round < (test::sanitized ? 100 : 2000) * test::precision(); ++round) {
    std::vector<std::byte> bytes = good;
    for (std::uint64_t changes = 1 + random() % 3; changes > 0; --changes) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    static_cast<void>(read(bytes));
  }
  for (unsigned round = 0; round < (test::sanitized ? 100 : 1000) * test::precision(); ++round) {
    std::vector<std::byte> bytes(random() % 300);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    static_cast<void>(read(bytes));
  }
}

}  // namespace
}  // namespace peakstorm
