// Goal: no scenario crashes or hangs the loader or the simulation; what is refused is refused with a place and a
// reason, and what is accepted runs.
// Method: the input is a list of edits to tests/scenarios/worlds/two-towns, which has every table and every key.
// Random bytes in place of a file would seldom get past its first line; an edit leaves the rest of it intact.
//
// Edits are separated by '|'. The first byte names the file ('a' is the first of `tables`), the second the row ('0'
// is the header), the third the cell; what follows is the cell's new text. In place of a cell, '+' inserts the text as
// a line before the row, '-' removes the row, and '*' makes the text the whole file. Numbers wrap around, so that every
// input is a list of edits. In scenario.toml a cell is what stands before or after the first '='. Half of the mutations
// change a number in a cell, or put a value at the edge of its range there, since libFuzzer's own seldom leave a world
// that is accepted; the other half are its own.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/check.hpp"
#include "engine/simulation.hpp"
#include "scenarios/loader.hpp"
#include "scenarios/save.hpp"

namespace {

using namespace peakstorm;
namespace fs = std::filesystem;

/// The letters of the edits, in order.
constexpr std::array tables{"calendars.csv",  "capacity.csv", "coverage.csv", "demand.csv",   "disruptions.csv",
                            "facilities.csv", "lanes.csv",    "nodes.csv",    "orders.csv",   "peaks.csv",
                            "pickups.csv",    "rates.csv",    "season.csv",   "services.csv", "sorts.csv",
                            "transit.csv",    "scenario.toml"};
constexpr std::size_t edits_max = 12;

/// Orders of one simulation, about; a run of the original world at this size takes some milliseconds.
constexpr double orders_wanted = 60;
constexpr double orders_max = 20'000;

class Nobody : public Recorder, RecorderShard {
 public:
  RecorderShard& shard(std::size_t) override { return *this; }
  [[nodiscard]] bool wants_streams() const override { return true; }
  [[nodiscard]] bool wants_background() const override { return true; }
  void outcomes(std::span<const Outcome>) override {}
  void parcels(std::span<const ParcelFacts>) override {}
  void scans(std::span<const Scan>) override {}
  void acts(std::span<const ShopperAct>) override {}
  void load_series(PlaceId, SimDuration, std::span<const PlaceLoad>) override {}
  void place_days(std::span<const PlaceDay>) override {}
  void census(CarrierId, std::span<const Census>) override {}
  void queues(std::span<const QueueAccount>) override {}
};

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  PEAKSTORM_CHECK(in.good(), path.string());
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}
void write_file(const fs::path& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.flush();
  PEAKSTORM_CHECK(out.good(), path.string());
}

/// Values at the edges of their ranges, of every kind of field.
constexpr std::array edges{
    "",           "0",          "1",          "-1",         "0.000001",     "1000",    "1000000",   "4294967295",
    "0s",         "1s",         "24h",        "30d",        "3650d",        "00:00",   "23:59",     "24:00",
    "2013-11-25", "2013-12-08", "2013-12-18", "2199-12-31", "1970-01-01",   "daily",   "Sun",       "any",
    "all",        "*",          "yes",        "no",         "nearest",      "share 1", "share 0.5", "states EA",
    "road",       "air",        "hub",        "depot",      "economy",      "express", "closure",   "embargo",
    "east-hub",   "west-hub",   "east-depot", "west-depot", "post",         "swift",   "snail",     "swift-air",
    "snail-mail", "toy-east",   "bulk",       "UTC",        "Pacific/Apia", "90",      "\"0s\"",    "[]",
    "\"30d\"",    "1e9",        "0.0",        "1.0"};

/// Numbers that often make another valid value in place of one.
constexpr std::array numbers{"0",  "1",  "2",  "3",  "5",  "6",   "7",   "9",   "12",
                             "23", "30", "59", "60", "90", "100", "365", "5000"};

/// The whole world in memory, and a folder that holds it between two inputs.
class Original {
 public:
  Original() : home_(fs::temp_directory_path() / ("peakstorm-fuzz-" + std::to_string(getpid()))) {
    folder_ = home_ / "two-towns";
    fs::create_directories(folder_);
    for (const char* table : tables) {
      texts_[table] = read_file(fs::path(PEAKSTORM_SOURCE_DIR) / "tests/scenarios/worlds/two-towns" / table);
      write_file(folder_ / table, texts_[table]);
    }
    PEAKSTORM_CHECK(load_scenario(folder_).has_value());  // Else every input would be refused for the same reason.
  }
  ~Original() {
    std::error_code ignored;
    fs::remove_all(home_, ignored);
  }
  Original(const Original&) = delete;
  Original& operator=(const Original&) = delete;
  Original(Original&&) = delete;
  Original& operator=(Original&&) = delete;

  [[nodiscard]] const fs::path& folder() const { return folder_; }
  [[nodiscard]] const std::string& text(const std::string& table) const { return texts_.at(table); }

 private:
  fs::path home_;
  fs::path folder_;
  std::map<std::string, std::string> texts_;
};

const Original& original() {
  static const Original world;
  return world;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> pieces;
  while (true) {
    const std::size_t end = text.find(separator);
    pieces.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}
std::string join(const std::vector<std::string>& pieces, char separator) {
  std::string text;
  for (std::size_t i = 0; i < pieces.size(); ++i) text += (i == 0 ? "" : std::string(1, separator)) + pieces[i];
  return text;
}
/// The digit's or letter's place after `first`, wrapped around.
std::size_t pick(char written, char first, std::size_t count) {
  return count == 0 ? 0 : static_cast<unsigned char>(written - first) % count;
}

/// Of a line of scenario.toml only the first '=' counts.
char separator_of(const std::string& table, const std::string& line) {
  return table == "scenario.toml" && line.find('=') != std::string::npos ? '=' : ',';
}
std::vector<std::string> cells_of(const std::string& table, const std::string& line) {
  if (separator_of(table, line) == ',') return split(line, ',');
  const std::size_t equals = line.find('=');
  return {line.substr(0, equals), line.substr(equals + 1)};
}

void edit(std::string_view written, std::map<std::string, std::string>& changed) {
  if (written.size() < 3) return;
  const std::string table = tables[pick(written[0], 'a', tables.size())];
  const std::string_view text = written.substr(3);
  std::string& file = changed.try_emplace(table, original().text(table)).first->second;
  if (written[2] == '*') {
    file = text;
    return;
  }
  std::vector<std::string> lines = split(file, '\n');
  const auto row = static_cast<std::ptrdiff_t>(pick(written[1], '0', lines.size()));
  if (written[2] == '+') {
    lines.insert(lines.begin() + row, std::string(text));
  } else if (written[2] == '-') {
    lines.erase(lines.begin() + row);
  } else {
    std::string& line = lines[static_cast<std::size_t>(row)];
    std::vector<std::string> cells = cells_of(table, line);
    cells[pick(written[2], '0', cells.size())] = text;
    line = join(cells, separator_of(table, line));
  }
  file = join(lines, '\n');
}

/// Orders that scale 1 draws, about: enough to choose a scale by.
double expected_orders(const World& world) {
  double surge = 1;
  for (const Disruption& disruption : world.disruptions) surge *= std::max(1.0, disruption.demand / 1e6);
  double orders = 0;
  for (const Shipper& shipper : world.shippers) {
    double season = 0;
    for (const Ppm factor : shipper.season) season += factor / 1e6;
    // Drawn day and hour factors have mean 1, but a large spread leaves single days far above it.
    orders += shipper.orders_per_day * std::max<double>(season, world.day_count) * (1 + shipper.day_cv / 1e6);
  }
  return orders * surge;
}

void simulate_small(const World& world) {
  const double orders = expected_orders(world);
  PEAKSTORM_CHECK(std::isfinite(orders), orders);
  SimulationOptions options;
  options.run = RunKey{world.seed, 0};
  options.threads = 1;
  options.scale = std::clamp(orders_wanted / std::max(orders, 1.0), 1e-12, 1.0);
  if (orders * options.scale > orders_max) return;
  Nobody nobody;
  const auto summary = simulate(world, options, nobody);
  // What `peakstorm check` calls clean can be run: no rule stands in the engine alone.
  PEAKSTORM_CHECK(summary.has_value(), summary.error().message);
  PEAKSTORM_CHECK(!summary->partial);
  for (const Census& census : summary->conservation) {
    PEAKSTORM_CHECK(census.balanced(), census.injected, census.delivered, census.lost, census.returned, census.inside);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::map<std::string, std::string> changed;
  std::vector<std::string> edits = split({reinterpret_cast<const char*>(data), size}, '|');
  if (edits.size() > edits_max) edits.resize(edits_max);
  for (const std::string& written : edits) edit(written, changed);
  for (const auto& [table, text] : changed) write_file(original().folder() / table, text);

  const auto world = load_scenario(original().folder());
  for (const auto& [table, text] : changed) write_file(original().folder() / table, original().text(table));

  if (!world) {
    PEAKSTORM_CHECK(!world.error().empty());
    for (const Fault& fault : world.error()) {
      PEAKSTORM_CHECK(!fault.file.empty(), fault.text());
      PEAKSTORM_CHECK(fault.line >= 0, fault.text());
      PEAKSTORM_CHECK(!fault.message.empty(), fault.text());
      PEAKSTORM_CHECK(!fault.cure.empty(), fault.text());
    }
    return 0;
  }
  PEAKSTORM_CHECK(!world_text(*world).empty());
  simulate_small(*world);
  return 0;
}

// Declared by no header; libFuzzer calls the first and offers the second.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t size_max);
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t size_max,
                                               unsigned seed) {
  std::minstd_rand random(seed);
  const auto below = [&](std::size_t count) { return static_cast<std::size_t>(random()) % count; };
  if (below(2) == 0) return LLVMFuzzerMutate(data, size, size_max);
  const std::size_t table = below(tables.size());
  const std::vector<std::string> rows = split(original().text(tables[table]), '\n');
  const std::size_t row = below(rows.size());
  const std::vector<std::string> cells = cells_of(tables[table], rows[row]);
  const std::size_t cell = below(cells.size());
  std::string value = cells[cell];
  const std::size_t digits = value.find_first_of("0123456789", below(value.size() + 1));
  if (below(4) == 0) {
    value = edges[below(edges.size())];
  } else if (digits != std::string::npos) {
    const std::size_t end = std::min(value.find_first_not_of("0123456789", digits), value.size());
    value.replace(digits, end - digits, numbers[below(numbers.size())]);
  } else {
    const std::vector<std::string> others = cells_of(tables[table], rows[below(rows.size())]);
    value = others[std::min(cell, others.size() - 1)];
  }
  std::string edits(reinterpret_cast<const char*>(data), size);
  if (below(2) == 0 || std::count(edits.begin(), edits.end(), '|') + 1 >= std::ptrdiff_t{edits_max}) edits.clear();
  if (!edits.empty()) edits += '|';
  edits += static_cast<char>('a' + table);
  edits += static_cast<char>('0' + row);
  edits += static_cast<char>('0' + cell);
  edits += value;
  if (edits.size() > size_max) return LLVMFuzzerMutate(data, size, size_max);
  std::copy(edits.begin(), edits.end(), data);
  return edits.size();
}
