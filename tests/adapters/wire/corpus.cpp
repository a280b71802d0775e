// Writes what the foreign judges read: wire_corpus DIR makes a file for each format there (easypost.jsonl,
// easypost~as-wired.jsonl ..., and NAME.batches.jsonl where a message may tell several scans) and numbers.jsonl, each
// line a message (or number) with the truth beside it, and shipengine.jwks.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "adapters/wire/text.hpp"
#include "adapters/wire_format.hpp"
#include "bench/signing_key.hpp"
#include "engine/random.hpp"
#include "engine/tracking_number.hpp"
#include "tests/adapters/wire/awkward_parcels.hpp"
#include "tests/adapters/wire/tiny_world.hpp"

namespace peakstorm {
namespace {

constexpr std::uint32_t parcel_count = 300;  // About 1,950 messages of each format.
constexpr std::int64_t sent_unix_ms = 1'795'184'100'000;

using testing::awkward_parcel;
using testing::Told;

void member(std::string& line, std::string_view name, std::string_view text) {
  line += '"';
  line += name;
  line += "\":";
  wire::append_json_string(line, text);
  line += ',';
}

ZoneId zone_of(const World& world, const Told& told, const Scan& scan) {
  if (scan.place == no_place) return world.destinations[index(told.facts.destination)].zone;
  return world.is_node(scan.place) ? world.nodes[index(scan.place) - world.facilities.size()].zone
                                   : world.facilities[index(scan.place)].zone;
}

/// Scans up to this one that are milestones or corrections, not mere new dates.
std::size_t told_so_far(const Told& told, const Scan& scan) {
  return static_cast<std::size_t>(std::count_if(told.scans.begin(), told.scans.end(), [&](const Scan& s) {
    return s.sequence <= scan.sequence && s.kind != ScanKind::eta_changed;
  }));
}

std::string line_of(const World& world, const Told& told, const Scan& scan, const wire::Message& message) {
  std::string line = "{";
  member(line, "headers", message.headers);
  member(line, "body", message.body);
  member(line, "number", told.number);
  member(line, "carrier", world.carriers[index(world.services[index(told.facts.service)].carrier)].name);
  member(line, "zone", world.zones[index(zone_of(world, told, scan))].name);
  const auto offset = world.zones[index(zone_of(world, told, scan))].offset_at(scan.at);
  line += "\"offset_minutes\":" + std::to_string(offset.count() / 60'000) + ",";
  line += "\"told\":" + std::to_string(told_so_far(told, scan)) + ",";
  member(line, "kind", scan_kind_names[index(scan.kind)]);
  member(line, "place", scan.place == no_place ? "" : world.place_name(scan.place));
  line += "\"sequence\":" + std::to_string(scan.sequence);
  line += ",\"at\":" + std::to_string(world.first_day_unix * 1000 + scan.at.time_since_epoch().count()) + "}";
  return line;
}

/// Messages of several scans each, of one parcel every one: in the first place the first scans of parcels 0 to 15, and
/// so on. Each line has the numbers in the message's order.
void write_batches(const World& world, wire::WireFormat& format, std::ofstream& file) {
  constexpr std::uint32_t batch = 16;
  wire::Message message;
  for (std::uint32_t from = 0; from < parcel_count; from += batch) {
    std::vector<Told> told;
    for (std::uint32_t i = from; i < std::min(parcel_count, from + batch); ++i)
      told.push_back(awkward_parcel(world, i));
    for (std::size_t s = 0; s < 10; ++s) {
      std::vector<wire::ParcelView> views;
      std::string numbers;
      for (const Told& one : told) {
        if (s >= one.scans.size()) continue;
        views.push_back({one.facts, one.number, std::span(one.scans).first(s + 1), one.scans[s]});
        numbers += (numbers.empty() ? "\"" : ",\"") + one.number + "\"";
      }
      if (views.empty()) continue;
      format.encode_batch(views, message);
      format.sign(sent_unix_ms, message);
      std::string line = "{";
      member(line, "headers", message.headers);
      member(line, "body", message.body);
      file << line << "\"numbers\":[" << numbers << "]}\n";
    }
  }
}

int write_all(const std::filesystem::path& folder) {
  const World world = testing::tiny_world();
  for (const std::string_view name : wire::format_names()) {
    std::string file_name = std::string(name) + ".jsonl";
    std::replace(file_name.begin(), file_name.end(), '/', '~');
    std::ofstream file(folder / file_name);
    auto format = wire::make_format(name, world, {testing::secret_for(name), ""});
    if (!format) {
      std::cerr << format.error().message << '\n';
      return 1;
    }
    wire::Message message;
    for (std::uint32_t i = 0; i < parcel_count; ++i) {
      const Told told = awkward_parcel(world, i);
      for (std::size_t s = 0; s < told.scans.size(); ++s) {
        const std::span<const Scan> history(told.scans.data(), s + 1);
        (*format)->encode({told.facts, told.number, history, told.scans[s]}, message);
        (*format)->sign(sent_unix_ms, message);
        file << line_of(world, told, told.scans[s], message) << '\n';
      }
    }
    if (!file.flush()) return 1;
    if ((*format)->limits().batch_max > 1) {
      std::ofstream batches(folder / (file_name.substr(0, file_name.find(".jsonl")) + ".batches.jsonl"));
      write_batches(world, **format, batches);
      if (!batches.flush()) return 1;
    }
    if ((*format)->jwks().empty()) continue;
    std::ofstream keys(folder / (std::string(name.substr(0, name.find('/'))) + ".jwks"));
    keys << (*format)->jwks();
    if (!keys.flush()) return 1;
  }
  std::ofstream file(folder / "numbers.jsonl");
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const Draws draws({2, 0}, Purpose::test, i);
    const CarrierId carrier{static_cast<std::uint8_t>(i % world.carriers.size())};
    // Small serials fit the short forms; large ones (up to 2^26) reach the long ones.
    const std::uint32_t serial = i % 2 == 0 ? draws.below(0, 1000) : draws.below(0, 1U << 26U);
    const ParcelId id = make_parcel_id(ShipNodeId{static_cast<std::uint16_t>(draws.below(1, 3))},
                                       static_cast<std::uint16_t>(draws.below(2, 42 * 24)), serial);
    std::string line = "{";
    member(line, "number", tracking_number(world, carrier, id));
    member(line, "carrier", world.carriers[index(carrier)].name);
    line.back() = '}';
    file << line << '\n';
  }
  return file.flush() ? 0 : 1;
}

}  // namespace
}  // namespace peakstorm

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: wire_corpus DIR\n";
    return 2;
  }
  return peakstorm::write_all(argv[1]);
}
