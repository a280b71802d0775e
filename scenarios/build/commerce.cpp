/// services.csv, transit.csv, rates.csv, peaks.csv and season.csv; the shippers' tariffs and guarantees.
#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "scenarios/build/builder.hpp"
#include "scenarios/build/folder.hpp"

namespace peakstorm::scenarios {
namespace {

constexpr std::uint32_t any_distance = std::numeric_limits<std::uint32_t>::max();

Parsed<std::uint64_t> parse_km_max(std::string_view text) {
  if (text == "any") return std::uint64_t{any_distance};
  auto value = parse_count(text, 1, 50'000);
  if (!value) value.error().cure += ", or 'any' for the last band";
  return value;
}

/// Reads one table of bands into `bands[service]`, ascending; `fill(row, band)` reads the columns after km_max.
template <class Band, class Fill>
std::vector<std::vector<Band>> read_bands(const Builder& b, const Table& table, const char* what, const Fill& fill) {
  std::vector<std::vector<Band>> bands(b.services.size());
  std::map<std::pair<std::size_t, std::uint32_t>, int> lines;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table.row(i);
    Band band;
    const auto service = row.refer("service", b.services);
    const bool km_read = row.read("km_max", parse_km_max, band.km_max);
    fill(row, band);
    if (!service || !km_read) continue;
    const auto [first, is_new] = lines.emplace(std::pair(*service, band.km_max), row.line());
    if (!is_new) {
      row.fault("km_max", "the service has this band in line " + std::to_string(first->second) + " already",
                "remove one of the two rows");
      continue;
    }
    bands[*service].push_back(band);
  }
  for (std::size_t service = 0; service < bands.size(); ++service) {
    auto& own = bands[service];
    std::sort(own.begin(), own.end(), [](const Band& x, const Band& y) { return x.km_max < y.km_max; });
    if (b.faults.any_in(table.file())) continue;
    const std::string& name = b.world.services[service].name;
    if (own.empty() || own.back().km_max != any_distance) {
      const int line = own.empty() ? 1 : lines[{service, own.back().km_max}];
      b.faults.add(table.file(), line, "km_max",
                   "service " + in_quotes(name) + " has no " + what + (own.empty() ? "" : " beyond its last band"),
                   "add a row for it with km_max any");
    }
  }
  return bands;
}

void read_peaks(Builder& b) {
  const Table table = b.table("peaks.csv", {{"service", "from", "to", "amount"}, {}, false}, Table::Presence::optional);
  std::map<std::size_t, std::vector<std::pair<DayRange, int>>> ranges;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table.row(i);
    const auto service = row.refer("service", b.services);
    PeakSurcharge peak;
    row.read("amount", parse_money, peak.amount);
    const auto range = read_range(b, row);
    if (!service || !range) continue;
    for (const auto& [other, line] : ranges[*service]) {
      if (other.from < range->to && range->from < other.to) {
        row.fault("from", "the range overlaps the one in line " + std::to_string(line),
                  "make the ranges of a service disjoint");
        break;
      }
    }
    ranges[*service].emplace_back(*range, row.line());
    peak.from = range->from;
    peak.to = range->to;
    b.world.services[*service].peaks.push_back(peak);
  }
  for (Service& service : b.world.services) {
    std::sort(service.peaks.begin(), service.peaks.end(),
              [](const PeakSurcharge& x, const PeakSurcharge& y) { return x.from < y.from; });
  }
}

/// Season name to its factor per day of the horizon.
std::map<std::string, std::vector<Ppm>, std::less<>> read_seasons(Builder& b) {
  const Table table = b.table("season.csv", {{"date"}, {}, true}, Table::Presence::optional);
  std::map<std::string, std::vector<Ppm>, std::less<>> seasons;
  for (const std::string& name : table.further()) {
    seasons.emplace(name, std::vector<Ppm>(static_cast<std::size_t>(b.world.day_count), ppm_one));
  }
  std::map<UnixDay, int> lines;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table.row(i);
    UnixDay date = 0;
    const bool date_read = row.read("date", parse_date, date);
    bool good = date_read && b.dated();
    if (date_read) {
      const auto [first, is_new] = lines.emplace(date, row.line());
      if (!is_new) {
        row.fault("date", "the date stands in line " + std::to_string(first->second) + " already",
                  "remove one of the two rows");
      }
    }
    if (good && (b.day(date) < 0 || b.day(date) >= b.end())) {
      row.fault("date", "the day lies outside the horizon", "choose days from " + b.span_text(0, b.end()));
      good = false;
    }
    for (const std::string& name : table.further()) {
      Ppm factor = ppm_one;
      row.read_if(name, parse_factor, factor);
      // Days of the drain have no orders: their factors are checked and then unused.
      if (good && b.day(date) < b.world.day_count) seasons[name][static_cast<std::size_t>(b.day(date))] = factor;
    }
  }
  return seasons;
}

void resolve_tariffs(Builder& b, const ShipperSettings& settings, Shipper& shipper) {
  std::map<std::pair<Tier, std::size_t>, int> lines;
  for (const TariffSettings& t : settings.tariffs) {
    if (t.service.line == 0) continue;
    const auto service = b.services.find(t.service.value);
    if (!service) {
      if (b.services.complete()) {
        b.faults.add(settings_file, t.service.line, "shipper.tariff.service",
                     unknown_name(t.service.value, b.services));
      }
      continue;
    }
    const auto [first, is_new] = lines.emplace(std::pair(t.tariff.tier, *service), t.line);
    if (!is_new) {
      b.faults.add(settings_file, t.line, "shipper.tariff.service",
                   "the tier uses the service already, in line " + std::to_string(first->second),
                   "join the two into one share");
      continue;
    }
    Tariff tariff = t.tariff;
    tariff.service = static_cast<ServiceId>(*service);
    shipper.tariffs.push_back(tariff);
  }
  std::sort(shipper.tariffs.begin(), shipper.tariffs.end(),
            [](const Tariff& x, const Tariff& y) { return std::tie(x.tier, x.service) < std::tie(y.tier, y.service); });
  const auto has_tier = [&](Tier tier) {
    return std::any_of(settings.tariffs.begin(), settings.tariffs.end(),
                       [&](const TariffSettings& t) { return t.tariff.tier == tier; });
  };
  for (std::size_t tier = 0; tier < tier_count; ++tier) {
    if (shipper.tiers[tier] == 0 || has_tier(static_cast<Tier>(tier))) continue;
    b.faults.add(settings_file, settings.line, "shipper.tariff",
                 "no service for the tier " + std::string(tier_names[tier]),
                 "add a [[shipper.tariff]] for it, or set its share in tiers to 0");
  }
  for (const GuaranteeSettings& g : settings.guarantees) {
    if (!has_tier(g.upgrade_to)) {
      b.faults.add(settings_file, g.line, "shipper.guarantee.upgrade_to",
                   "no service for the tier " + std::string(tier_names[static_cast<std::size_t>(g.upgrade_to)]),
                   "add a [[shipper.tariff]] for it");
    }
  }
}

void resolve_bars(Builder& b, const ShipperSettings& settings, Shipper& shipper) {
  for (const BarSettings& read : settings.bars) {
    Bar bar;
    bar.regions.resize(b.world.regions.size());
    bar.tiers = read.tiers;
    bool good = read.carrier.line != 0;
    const auto find = [&](const Written<std::string>& name, const Names& names, std::string_view field) {
      const auto found = names.find(name.value);
      if (!found && names.complete()) b.faults.add(settings_file, name.line, field, unknown_name(name.value, names));
      good = good && found;
      return found.value_or(0);
    };
    if (good) bar.carrier = static_cast<CarrierId>(find(read.carrier, b.carriers, "shipper.bar.carrier"));
    for (const Written<std::string>& name : read.regions) {
      const std::size_t region = find(name, b.regions, "shipper.bar.regions");
      if (region < bar.regions.size()) bar.regions[region] = true;
    }
    if (good) shipper.bars.push_back(std::move(bar));
  }
}

void resolve_hedges(Builder& b, const ShipperSettings& settings, Shipper& shipper) {
  for (const HedgeSettings& h : settings.hedges) {
    if (!b.dated() || h.from.line == 0) continue;
    const Day to = h.to.line != 0 ? b.day(h.to.value) + 1 : b.end();
    if (to <= 0 || b.day(h.from.value) >= b.end()) {
      b.faults.add(settings_file, h.from.line, "shipper.promise.hedge.from", "no day of the hedge is in the horizon",
                   "choose days from " + b.span_text(0, b.end()));
      continue;
    }
    shipper.promise.hedges.push_back({b.day(h.from.value), to, h.days});
  }
  std::sort(shipper.promise.hedges.begin(), shipper.promise.hedges.end(), [](const Hedge& x, const Hedge& y) {
    return std::tie(x.from, x.to, x.days) < std::tie(y.from, y.to, y.days);
  });
}

void resolve_guarantees(Builder& b, const ShipperSettings& settings, Shipper& shipper) {
  for (const GuaranteeSettings& g : settings.guarantees) {
    if (!b.dated() || g.until_day.line == 0 || g.date.line == 0) continue;
    Guarantee guarantee{g.until_time, b.day(g.until_day.value), b.day(g.date.value), g.upgrade_to};
    const auto inside = [&](const Written<UnixDay>& date, std::string_view field) {
      if (b.day(date.value) >= 0 && b.day(date.value) < b.end()) return;
      b.faults.add(settings_file, date.line, field, "the day " + date_text(date.value) + " is outside the horizon",
                   "choose a day from " + b.span_text(0, b.end()));
    };
    inside(g.until_day, "shipper.guarantee.until");
    inside(g.date, "shipper.guarantee.date");
    shipper.guarantees.push_back(guarantee);
  }
  std::sort(shipper.guarantees.begin(), shipper.guarantees.end(), [](const Guarantee& x, const Guarantee& y) {
    return std::tie(x.until_day, x.until_time, x.date) < std::tie(y.until_day, y.until_time, y.date);
  });
}

}  // namespace

void read_services(Builder& b) {
  const Table table =
      b.table("services.csv",
              {{"service", "carrier", "tier", "mode", "transit_calendar", "delivery_calendar", "commit_time"},
               {"residential", "fuel", "dim_divisor", "extra_attempt"},
               false},
              Table::Presence::required);
  const KeyColumn keys = read_keys(table, "service", "service", 255);
  b.services = keys.names;
  for (const std::size_t i : keys.rows) {
    const Row row = table.row(i);
    Service s;
    s.name = row.text("service");
    if (const auto carrier = row.refer("carrier", b.carriers)) s.carrier = static_cast<CarrierId>(*carrier);
    row.read("tier", parse_tier, s.tier);
    const auto parse_mode = [](std::string_view t) -> Parsed<Mode> {
      if (t == "road") return Mode::road;
      if (t == "air") return Mode::air;
      return tl::unexpected<Complaint>(Complaint{"unknown mode " + in_quotes(t), "write road or air"});
    };
    row.read("mode", parse_mode, s.mode);
    if (const auto c = row.refer("transit_calendar", b.calendars)) s.transit = static_cast<CalendarId>(*c);
    if (const auto c = row.refer("delivery_calendar", b.calendars)) s.delivery = static_cast<CalendarId>(*c);
    row.read("commit_time", parse_time, s.commit_time);
    row.read_if("residential", parse_money, s.residential);
    row.read_if("fuel", parse_factor, s.fuel);
    row.count_if("dim_divisor", 1, 1'000'000, s.dim_divisor);
    row.read_if("extra_attempt", parse_money, s.extra_attempt);
    b.world.services.push_back(std::move(s));
  }
  const Table transit = b.table("transit.csv", {{"service", "km_max", "days"}, {}, false}, Table::Presence::required);
  auto published = read_bands<TransitBand>(
      b, transit, "published transit", [](const Row& row, TransitBand& band) { row.count("days", 0, 60, band.days); });
  const Table rates =
      b.table("rates.csv", {{"service", "km_max", "base", "per_kg"}, {}, false}, Table::Presence::required);
  auto rated = read_bands<RateBand>(b, rates, "rate", [](const Row& row, RateBand& band) {
    row.read("base", parse_money, band.base);
    row.read("per_kg", parse_money, band.per_kg);
  });
  for (std::size_t id = 0; id < b.world.services.size(); ++id) {
    b.world.services[id].published = std::move(published[id]);
    b.world.services[id].rates = std::move(rated[id]);
  }
  read_peaks(b);
}

void read_shippers(Builder& b) {
  const auto seasons = read_seasons(b);
  Names season_names("season", "season.csv");
  for (const auto& [name, factors] : seasons) season_names.add(name);
  for (std::size_t i = 0; i < b.settings.shippers.size(); ++i) {
    const ShipperSettings& settings = b.settings.shippers[i];
    Shipper& shipper = b.world.shippers[i];
    shipper.season.assign(static_cast<std::size_t>(b.world.day_count), ppm_one);
    if (settings.season) {
      const auto season = seasons.find(settings.season->value);
      if (season != seasons.end()) {
        shipper.season = season->second;
      } else {
        b.faults.add(settings_file, settings.season->line, "shipper.season",
                     unknown_name(settings.season->value, season_names));
      }
    }
    resolve_tariffs(b, settings, shipper);
    resolve_bars(b, settings, shipper);
    resolve_guarantees(b, settings, shipper);
    resolve_hedges(b, settings, shipper);
  }
}

}  // namespace peakstorm::scenarios
