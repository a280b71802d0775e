#include "results/league.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace peakstorm {
namespace {

/// Few seasons spread a t interval beyond what a share, or a difference of shares, can be: [least, most].
std::optional<Interval> bounded_interval(const std::vector<double>& values, double level, double least, double most) {
  auto interval = t_interval(values, level);
  if (!interval) return interval;
  interval->low = std::max(interval->low, least);
  interval->high = std::min(interval->high, most);
  return interval;
}
Interval share_interval(const std::vector<double>& shares, double level) {
  return *bounded_interval(shares, level, 0, 1);
}
std::optional<Interval> difference_interval(const std::vector<double>& differences, double level) {
  return bounded_interval(differences, level, -1, 1);
}

struct Counts {
  std::uint64_t kept = 0;
  std::uint64_t broken = 0;
  [[nodiscard]] std::uint64_t all() const { return kept + broken; }
  [[nodiscard]] double share() const { return static_cast<double>(kept) / static_cast<double>(all()); }
};

/// None sorts first: everywhere before any one region.
using Key = std::pair<ServiceId, std::optional<RegionId>>;

struct Cell {
  std::uint64_t promises = 0;
  std::vector<double> kept;
  std::vector<double> change;
  std::array<std::uint64_t, blames> blame{};
  std::array<std::vector<double>, blames> lost;
};

/// Rows of one season, with the sums over regions.
std::map<Key, LeagueRow> with_sums(const SeasonRecord& season) {
  std::map<Key, LeagueRow> rows;
  for (const LeagueRow& row : season.league) {
    rows.emplace(Key{row.service, row.region}, row);
    LeagueRow& sum = rows[{row.service, std::nullopt}];
    sum.kept += row.kept;
    sum.broken += row.broken;
    sum.early_kept += row.early_kept;
    sum.early_broken += row.early_broken;
    for (std::size_t b = 0; b < blames; ++b) sum.blame[b] += row.blame[b];
  }
  return rows;
}

std::map<Key, Cell> cells_of(const LeagueSeasons& control) {
  std::map<Key, Cell> cells;
  for (const SeasonRecord* season : control.seasons) {
    for (const auto& [key, row] : with_sums(*season)) {
      Cell& cell = cells[key];
      const Counts all{row.kept, row.broken};
      const Counts early{row.early_kept, row.early_broken};
      const Counts late{row.kept - row.early_kept, row.broken - row.early_broken};
      cell.promises += all.all();
      if (early.all() > 0 && late.all() > 0) cell.change.push_back(late.share() - early.share());
      if (all.all() == 0) continue;
      cell.kept.push_back(all.share());
      for (std::size_t b = 0; b < blames; ++b) {
        cell.blame[b] += row.blame[b];
        cell.lost[b].push_back(static_cast<double>(row.blame[b]) / static_cast<double>(all.all()));
      }
    }
  }
  return cells;
}

/// A season's promises by region, whoever carried them.
std::map<std::optional<RegionId>, Counts> by_region(const SeasonRecord& season) {
  std::map<std::optional<RegionId>, Counts> regions;
  for (const LeagueRow& row : season.league) {
    for (const std::optional<RegionId> region : {std::optional<RegionId>(), std::optional(row.region)}) {
      regions[region].kept += row.kept;
      regions[region].broken += row.broken;
    }
  }
  return regions;
}

void find_places(League& league) {
  for (std::size_t i = 0; i < league.rows.size(); ++i) {
    const League::Row& row = league.rows[i];
    if (!row.region) continue;
    if (!league.best || row.kept.mean > league.rows[*league.best].kept.mean) league.best = i;
    if (!league.worst || row.kept.mean < league.rows[*league.worst].kept.mean) league.worst = i;
    if (!row.change || row.change->low <= 0) continue;
    if (!league.most_improved || row.change->mean > league.rows[*league.most_improved].change->mean) {
      league.most_improved = i;
    }
  }
}

void compare_cuts(const LeagueSeasons& control, std::span<const LeagueSeasons> others, double level, League& league) {
  struct Differences {
    std::optional<RegionId> cut_in;
    std::uint64_t promises = 0;
    std::vector<double> values;
  };
  std::map<std::pair<std::size_t, std::optional<RegionId>>, Differences> all;
  for (const LeagueSeasons& other : others) {
    for (std::size_t s = 0; s < std::min(other.seasons.size(), control.seasons.size()); ++s) {
      const auto with = by_region(*control.seasons[s]);
      for (const auto& [region, counts] : by_region(*other.seasons[s])) {
        const auto found = with.find(region);
        // Elsewhere, what is left out in one region changes hardly anything: only more intervals, and wider ones.
        if (other.cut_in && region && region != other.cut_in) continue;
        if (found == with.end() || found->second.all() == 0 || counts.all() == 0) continue;
        Differences& differences = all[{other.policy, region}];
        differences.cut_in = other.cut_in;
        differences.promises += counts.all();
        differences.values.push_back(counts.share() - found->second.share());
      }
    }
  }
  std::erase_if(all, [](const auto& entry) {
    return entry.second.promises < League::least_promises || entry.second.values.size() < 2;
  });
  const double each = 1 - (1 - level) / static_cast<double>(std::max<std::size_t>(1, all.size()));
  for (const auto& [key, differences] : all) {
    league.cuts.push_back({key.first, differences.cut_in, key.second, *difference_interval(differences.values, each)});
  }
}

}  // namespace

League league_of(const LeagueSeasons& control, std::span<const LeagueSeasons> others, double level) {
  League league;
  auto cells = cells_of(control);
  std::erase_if(cells, [](const auto& entry) {
    return entry.second.promises < League::least_promises || entry.second.kept.size() < 2;
  });
  league.intervals = cells.size() * (2 + blames);
  const double each = 1 - (1 - level) / static_cast<double>(std::max<std::size_t>(1, league.intervals));
  for (const auto& [key, cell] : cells) {
    League::Row row{
        key.first,  key.second, cell.promises, share_interval(cell.kept, each), difference_interval(cell.change, each),
        cell.blame, {}};
    for (std::size_t b = 0; b < blames; ++b) row.lost[b] = share_interval(cell.lost[b], each);
    league.rows.push_back(row);
  }
  std::stable_sort(league.rows.begin(), league.rows.end(), [](const League::Row& x, const League::Row& y) {
    return std::tuple(x.service, x.region.has_value(), x.kept.mean) <
           std::tuple(y.service, y.region.has_value(), y.kept.mean);
  });
  find_places(league);
  compare_cuts(control, others, level, league);
  return league;
}

}  // namespace peakstorm
