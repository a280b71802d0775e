// Serves carriers for foreign judges: carriers_corpus FILE writes the truth there, a line for each parcel, prints the
// URL, and ends with its standard input.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>

#include "adapters/carriers.hpp"
#include "tests/adapters/replay/fakes.hpp"
#include "tests/adapters/wire/awkward_parcels.hpp"

namespace peakstorm {
namespace {

constexpr std::uint32_t parcel_count = 5'000;  // A thousand of each carrier.

int serve(const char* file) {
  const World world = testing::tiny_world();
  testing::MemorySource source;
  std::ofstream truth(file);
  for (std::uint32_t i = 0; i < parcel_count; ++i) {
    const testing::Told told = testing::awkward_parcel(world, i);
    source.all.push_back(told.facts);
    truth << R"({"number":")" << told.number << R"(","service":)" << i % 5 << R"(,"scans":[)";
    for (const Scan& scan : told.scans) {
      source.items.push_back({scan.reported, false, scan, told.facts.id});
      if (scan.sequence > 0) truth << ',';
      truth << R"({"at":)" << world.first_day_unix * 1000 + scan.at.time_since_epoch().count() << R"(,"kind":")"
            << scan_kind_names[index(scan.kind)] << R"("})";
    }
    truth << "]}\n";
  }
  if (!truth.flush()) return 1;
  // MemorySource looks through all its parcels for one; here they are many.
  struct Indexed final : ReplaySource {
    Result<void> next(std::size_t limit, std::vector<ReplayItem>& items) override { return inner->next(limit, items); }
    [[nodiscard]] Totals totals() const override { return inner->totals(); }
    [[nodiscard]] const ParcelFacts* facts(ParcelId parcel) const override {
      const auto found = std::lower_bound(sorted.begin(), sorted.end(), parcel,
                                          [](const ParcelFacts& f, ParcelId id) { return f.id < id; });
      return found != sorted.end() && found->id == parcel ? &*found : nullptr;
    }
    [[nodiscard]] std::span<const ParcelFacts> parcels() const override { return sorted; }
    testing::MemorySource* inner = nullptr;
    std::vector<ParcelFacts> sorted;
  } indexed;
  indexed.inner = &source;
  indexed.sorted = source.all;
  std::sort(indexed.sorted.begin(), indexed.sorted.end(),
            [](const ParcelFacts& a, const ParcelFacts& b) { return a.id < b.id; });

  CarriersOptions options;
  options.token_key = "peakstorm-secret-0123456789abcdef";
  auto credentials = parse_credentials("ups id:secret\nusps id:secret\nfedex id:secret\neasypost EZTK1", "here");
  if (!credentials) return 1;
  options.credentials = std::move(*credentials);
  auto instant = std::make_shared<RunningInstant>(day_zero);
  instant->reach(day_zero + days(60));
  const auto carriers = Carriers::start(world, indexed, {}, instant, nullptr, std::move(options));
  if (!carriers) {
    std::cerr << carriers.error().message << '\n';
    return 1;
  }
  std::cout << (*carriers)->url() << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  return 0;
}

}  // namespace
}  // namespace peakstorm

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: carriers_corpus FILE\n";
    return 2;
  }
  return peakstorm::serve(argv[1]);
}
