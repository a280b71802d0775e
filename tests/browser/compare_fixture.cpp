#include "tests/browser/compare_fixture.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "results/compare_report.hpp"

namespace {

using namespace peakstorm;

/// Value of a yardstick in a season: a policy's level, and a season's luck that all policies share but for a little.
double drawn(std::size_t policy, std::size_t season, double level, double step) {
  const double luck = static_cast<double>((season * 37) % 11) / 11 - 0.5;
  const double own = static_cast<double>((season * 17 + policy * 29) % 13) / 13 - 0.5;
  return level + step * static_cast<double>(policy % 8) + 0.02 * luck + 0.004 * own;
}

SeasonRecord season_of(std::size_t policy, std::size_t season) {
  SeasonRecord record;
  SeasonSums& s = record.sums;
  s.orders = 10'000;
  s.kept = static_cast<std::uint64_t>(10'000 * drawn(policy, season, 0.86, 0.01));
  s.broken = 10'000 - s.kept;
  s.shipping_cents = static_cast<std::int64_t>(10'000 * 1'000 * drawn(policy, season, 0.9, 0.03));
  s.recovery_cents = static_cast<std::int64_t>(s.broken * 500);
  s.contacts = 400 + 10 * policy % 90;
  s.contact_cents = static_cast<std::int64_t>(s.contacts * 800);
  s.promised = 10'000;
  s.promised_days = static_cast<std::int64_t>(10'000 * drawn(policy, season, 4.0, 0.2));
  s.delivered = 9'900;
  s.delivered_days = static_cast<std::int64_t>(9'900 * drawn(policy, season, 3.5, 0.1));
  for (std::uint8_t service = 0; service < 3; ++service) {
    for (std::uint8_t region = 0; region < 4; ++region) {
      LeagueRow row;
      row.service = ServiceId{service};
      row.region = RegionId{region};
      row.broken = 40 + 20U * service + 5U * region + (season * 7 + policy) % 5;
      row.kept = 1'000 - row.broken;
      row.early_kept = 480 - row.broken / 2;
      row.early_broken = row.broken / 2 + (service == 1 ? 10 : 0);
      row.blame = {row.broken / 4, row.broken / 4, row.broken - 2 * (row.broken / 4) - 5, 5};
      record.league.push_back(row);
    }
  }
  return record;
}

void write_page(const std::filesystem::path& folder, std::size_t policies, const std::string& evil) {
  CompareReport report;
  report.scenario = "synthetic";
  report.title = "A synthetic season" + evil;
  report.inputs = "inputs synthetic 0123abcd, seed 1, scale 1";
  report.version = "0.0.0";
  report.plan.fixed = 12;
  report.services = {"north-ground", "north-air", "south-ground" + evil};
  report.carriers = {"north", "north", "south"};
  report.regions = {"east", "west", "hills", "coast" + evil};
  std::vector<std::string> names;
  for (std::size_t p = 0; p < policies; ++p) {
    names.push_back(p == 0 ? "as-is" : "policy-" + std::to_string(p) + evil);
    report.policies.push_back({names.back(), "a note" + evil, {"shipper.books.buffer_days = " + std::to_string(p)}});
  }
  Experiment experiment(names, report.plan);
  std::vector<std::vector<SeasonRecord>> seasons(policies);
  for (std::size_t p = 0; p < policies; ++p) {
    for (std::uint32_t r = 0; r < 12; ++r) {
      seasons[p].push_back(season_of(p, r));
      experiment.add({p, r}, seasons[p].back().sums);
    }
  }
  while (!experiment.next().empty()) {
  }
  report.found = experiment.result(report.inputs);
  LeagueSeasons control{0, {}};
  LeagueSeasons without{1, {}};
  for (const SeasonRecord& season : seasons[0]) control.seasons.push_back(&season);
  for (const SeasonRecord& season : seasons[1]) without.seasons.push_back(&season);
  report.league = league_of(control, std::vector<LeagueSeasons>{without});
  report.explored = CompareReport::Explored{
      policies - 1, 4'000, 3, "space.split-0" + evil, {{"quantile" + evil, "0.8", "0.99", 12, 20}}};
  std::filesystem::create_directories(folder);
  std::ofstream page(folder / "report.html");
  page << comparison_page(report);
  std::ofstream json(folder / "comparison.json");
  json << comparison_json(report);
  if (!page.flush() || !json.flush()) {
    std::cerr << "report_fixture: cannot write " << folder << '\n';
    std::exit(1);
  }
}

}  // namespace

void write_comparisons(const std::filesystem::path& folder) {
  write_page(folder / "comparison", 6, "");
  write_page(folder / "comparison-large", 150, "");
  write_page(folder / "comparison-hostile", 4, "<script>alert(1)</script>\"><img src=x onerror=alert(2)>");
}
