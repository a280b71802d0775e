/// Counter-based random numbers: Philox4x32-10 (Salmon et al., SC'11; Random123).
///
/// A draw is a pure function of (seed, replication, purpose, entity, number of the draw). Nothing is
/// shared and nothing advances, so a draw is the same on any thread or rank, and changing a policy
/// shifts no other entity's draws: policies are compared under common random numbers by construction.
/// No `std::` distribution is used: they are not portable to the bit.
#pragma once

#include <Random123/philox.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace peakstorm {

/// Spreads the bits of a number: one to one, and 0 stays 0. The finaliser of SplitMix64 (Steele, Lea & Flood 2014,
/// with Stafford's constants).
constexpr std::uint64_t mix64(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebULL;
  x ^= x >> 31;
  return x;
}
/// Stable 64-bit hash of a name (FNV-1a of Fowler, Noll & Vo, then mix64): the same on every machine and in every run.
constexpr std::uint64_t hash64(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return mix64(hash);
}
/// Hash of two 64-bit values; not symmetric.
constexpr std::uint64_t hash64(std::uint64_t a, std::uint64_t b) {
  return mix64(mix64(a + 0x9e3779b97f4a7c15ULL) + b);
}

/// What a draw is for. Numbers are part of the format: append, never renumber.
enum class Purpose : std::uint32_t {
  tie = 1,
  day_factor = 2,
  order_count = 3,
  order = 4,
  handling = 5,
  sort = 6,
  scan = 7,
  attempt = 8,
  shopper = 9,
  storm = 10,
  replay = 11,
  fault = 12,
  journey = 13,
  test = 1000,
};

/// The key of a run: everything random in it follows from these two numbers.
struct RunKey {
  std::uint64_t seed = 1;
  std::uint32_t replication = 0;
};

/// The Philox key of a run. Make it once where many draws are made: it costs as much as a third of a draw.
class DrawKey {
 public:
  // The key is (seed, replication): the seed's upper half goes through a hash with the replication, so
  // that all 64 bits of the seed count and replications differ in the key as well.
  explicit DrawKey(RunKey run)
      : words_{{static_cast<std::uint32_t>(run.seed),
                static_cast<std::uint32_t>(hash64(run.seed >> 32U, run.replication))}} {}
  [[nodiscard]] const r123::Philox4x32::key_type& words() const { return words_; }

 private:
  r123::Philox4x32::key_type words_;
};

/// Four 32-bit words that belong to (run, purpose, entity, draw). A value; in all of its functions i < 4.
class Draws {
 public:
  Draws(const DrawKey& key, Purpose purpose, std::uint64_t entity, std::uint32_t draw = 0) {
    r123::Philox4x32 generator;
    const r123::Philox4x32::ctr_type counter{{static_cast<std::uint32_t>(entity),
                                              static_cast<std::uint32_t>(entity >> 32U), draw,
                                              static_cast<std::uint32_t>(purpose)}};
    words_ = generator(counter, key.words());
  }
  Draws(RunKey run, Purpose purpose, std::uint64_t entity, std::uint32_t draw = 0)
      : Draws(DrawKey(run), purpose, entity, draw) {}
  [[nodiscard]] std::uint32_t word(std::size_t i) const { return words_[i]; }
  /// Uniform in [0, bound) by multiplication (Lemire 2019, without the rejection: bias < bound / 2^32).
  [[nodiscard]] std::uint32_t below(std::size_t i, std::uint32_t bound) const {
    return static_cast<std::uint32_t>((std::uint64_t{words_[i]} * bound) >> 32U);
  }
  /// True with probability parts_per_million / 10^6 (resolution 2^-32).
  [[nodiscard]] bool happens(std::size_t i, std::uint32_t parts_per_million) const {
    return below(i, 1'000'000) < parts_per_million;
  }
  /// Uniform in (0, 1): the middle of one of 2^32 equal cells, never 0 or 1.
  [[nodiscard]] double unit(std::size_t i) const { return (words_[i] + 0.5) * 0x1p-32; }

 private:
  r123::Philox4x32::ctr_type words_{};
};

}  // namespace peakstorm
