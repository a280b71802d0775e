/// What a part of a checkpoint says about itself, before any state: enough to tell that it belongs to a run.
#pragma once

#include <array>
#include <cstdint>

#include "engine/archive.hpp"
#include "engine/simulation.hpp"

namespace peakstorm::checkpoint {

struct Mark {
  static constexpr std::uint64_t magic_number = 0x314b'4348'434b'5350ULL;  ///< "PSKCHCK1" in the file.

  std::uint64_t magic = magic_number;
  std::uint32_t version = archive_version;
  SimTime at;
  std::uint32_t rank = 0;
  std::uint32_t ranks = 1;
  std::uint64_t seed = 0;
  std::uint32_t replication = 0;
  double scale = 1;
  std::array<bool, disruption_kind_names.size()> without{};
  bool streams = false;
  bool background = false;
  Digest world;  ///< fingerprint() up to `at`.

  template <class Archive>
  void transfer(Archive& archive) {
    archive(magic, version, at, rank, ranks, seed, replication, scale, without, streams, background, world.high,
            world.low);
  }
};

/// The mark of a checkpoint of this run at `at`.
Mark mark_of(const World& world, const SimulationOptions& options, bool streams, bool background, SimTime at);

/// Whether a run whose own mark at that instant would be `mine` can go on from a part marked `found`, the `part`-th of
/// `parts`, counted from 0. Errors (bad_input): what does not fit, and what to do.
Result<void> check_mark(const Mark& found, const Mark& mine, std::size_t part, std::size_t parts);

}  // namespace peakstorm::checkpoint
