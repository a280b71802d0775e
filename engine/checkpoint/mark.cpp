#include "engine/checkpoint/mark.hpp"

#include <charconv>
#include <string>

namespace peakstorm::checkpoint {
namespace {

std::string number(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

std::string ms(SimTime at) {
  return std::to_string(at.time_since_epoch().count()) + " ms";
}

std::string run_key(const Mark& mark) {
  return "seed " + std::to_string(mark.seed) + ", replication " + std::to_string(mark.replication);
}

std::string kinds(const std::array<bool, disruption_kind_names.size()>& without) {
  std::string text;
  for (std::size_t k = 0; k < without.size(); ++k) {
    if (without[k]) text += std::string(text.empty() ? "without " : ", ") + disruption_kind_names[k];
  }
  return text.empty() ? "with all disruptions" : text;
}

const char* streams_text(const Mark& mark) {
  if (!mark.streams) return "no streams of scans";
  return mark.background ? "the streams of all parcels" : "the streams of tracked parcels";
}

}  // namespace

Mark mark_of(const World& world, const SimulationOptions& options, bool streams, bool background, SimTime at) {
  Mark mark;
  mark.at = at;
  mark.seed = options.run.seed;
  mark.replication = options.run.replication;
  mark.scale = options.scale;
  mark.without = options.without;
  mark.streams = streams;
  mark.background = background;
  mark.world = fingerprint(world, at);
  return mark;
}

Result<void> check_mark(const Mark& found, const Mark& mine, std::size_t part, std::size_t parts) {
  const auto bad = [](const std::string& message) { return fail(ErrorKind::bad_input, "checkpoint: " + message); };
  const std::string name = "part " + std::to_string(part + 1) + " of " + std::to_string(parts);
  if (found.magic != Mark::magic_number) {
    return bad(name + " is not a part of a checkpoint, or is damaged; resume from another one or start again");
  }
  if (found.version != archive_version) {
    return bad(name + " has format " + std::to_string(found.version) + ", this program reads " +
               std::to_string(archive_version) + "; resume with the program that wrote it, or start again");
  }
  if (found.rank != part || found.ranks != parts) {
    return bad(name + " was written as part " + std::to_string(std::uint64_t{found.rank} + 1) + " of " +
               std::to_string(found.ranks) + "; give all parts of one checkpoint, in order");
  }
  if (found.at != mine.at) {
    return bad(name + " was made at " + ms(found.at) + ", the checkpoint is of " + ms(mine.at) +
               "; give all parts of one checkpoint");
  }
  if (found.seed != mine.seed || found.replication != mine.replication) {
    return bad("it was made with " + run_key(found) + ", this run has " + run_key(mine) + "; give the same");
  }
  if (found.scale != mine.scale) {
    return bad("it was made at scale " + number(found.scale) + ", this run has scale " + number(mine.scale) +
               "; give the same");
  }
  if (found.without != mine.without) {
    return bad("it was made " + kinds(found.without) + ", this run is " + kinds(mine.without) + "; leave out the same");
  }
  if (found.streams != mine.streams || found.background != mine.background) {
    return bad(std::string("it was made with ") + streams_text(found) + ", this run wants " + streams_text(mine) +
               "; ask for the same");
  }
  if (found.world != mine.world) {
    return bad("it was made in another world: something other than disruptions that begin at or after " + ms(found.at) +
               " differs; resume with the scenario as it was");
  }
  return {};
}

}  // namespace peakstorm::checkpoint
