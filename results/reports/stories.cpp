#include "results/reports/stories.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/notices.hpp"
#include "engine/scan.hpp"
#include "results/run_folder.hpp"

namespace peakstorm::reports {
namespace {

namespace json = boost::json;

constexpr std::int64_t day_ms = days(1).count();

// Every group of broken promises that the page gives a number of gets its first two or so parcels, in an order that
// follows neither time nor place: multiples modulo a prime.
constexpr const char* sample_sql =
    "WITH broken AS ("
    "  SELECT p.parcel_id, p.culprit_place_id AS place, coalesce(p.cause, 'none') AS cause, c.name AS carrier, "
    "         p.promise_day AS due, r.name AS region, p.delivered_day AS delivered, "
    "         h.name AS retailer, "
    "         ((p.parcel_id % 1000003 + 1000003) % 1000003) * 7919 % 1000003 AS mix "
    "  FROM parcel p JOIN service s USING (service_id) JOIN carrier c USING (carrier_id) "
    "       JOIN destination d USING (destination_id) JOIN region r ON r.region_id = d.region_id "
    "       JOIN shipper h USING (shipper_id) "
    "  WHERE p.measured = 1 AND p.verdict_promise = 'broken'), "
    "ranked AS ("
    "  SELECT *, row_number() OVER (PARTITION BY cause, place ORDER BY mix, parcel_id) AS by_cause, "
    "         row_number() OVER (PARTITION BY carrier, due ORDER BY mix, parcel_id) AS by_due, "
    "         row_number() OVER (PARTITION BY region ORDER BY mix, parcel_id) AS by_region FROM broken) "
    "SELECT parcel_id, place, cause, carrier, due, region, delivered, retailer FROM ranked "
    "WHERE by_cause <= 2 OR by_due <= 1 OR by_region <= 1 ORDER BY min(by_cause, by_due, by_region), mix, parcel_id";

struct Story {
  json::object told;
  ParcelId parcel{};
  std::string retailer;
  std::string carrier;
  std::optional<std::int64_t> due;
  std::vector<Scan> scans;
  std::vector<ShopperAct> notices;
};

/// Departures by lane and day.
class Flows {
 public:
  void take(const Scan& scan) {
    if (scan.kind == ScanKind::departed) {
      under_way_[static_cast<std::uint64_t>(scan.parcel)] = {scan.place, scan.at.time_since_epoch().count() / day_ms};
    } else if (scan.kind == ScanKind::arrived) {
      const auto left = under_way_.find(static_cast<std::uint64_t>(scan.parcel));
      if (left == under_way_.end()) return;
      ++lanes_[{left->second.first, scan.place}][left->second.second];
      under_way_.erase(left);
    }
  }

  [[nodiscard]] json::object told(const std::unordered_map<std::int64_t, std::size_t>& position, std::size_t on_map,
                                  std::size_t lanes_max) const {
    struct Lane {
      std::size_t from = 0;
      std::size_t to = 0;
      std::uint64_t parcels = 0;
      const std::map<std::int64_t, std::uint64_t>* days = nullptr;
    };
    std::vector<Lane> lanes;
    for (const auto& [ends, by_day] : lanes_) {
      const auto from = position.find(static_cast<std::int64_t>(ends.first));
      const auto to = position.find(static_cast<std::int64_t>(ends.second));
      if (from == position.end() || to == position.end() || from->second >= on_map || to->second >= on_map) continue;
      Lane lane{from->second, to->second, 0, &by_day};
      for (const auto& [day, parcels] : by_day) lane.parcels += parcels;
      lanes.push_back(lane);
    }
    std::sort(lanes.begin(), lanes.end(), [](const Lane& a, const Lane& b) {
      return std::tie(b.parcels, a.from, a.to) < std::tie(a.parcels, b.from, b.to);
    });
    if (lanes.size() > lanes_max) lanes.resize(lanes_max);
    if (lanes.empty()) return {};
    std::int64_t first = lanes.front().days->begin()->first;
    std::int64_t last = first;
    for (const Lane& lane : lanes) {
      first = std::min(first, lane.days->begin()->first);
      last = std::max(last, lane.days->rbegin()->first);
    }
    json::array all;
    for (const Lane& lane : lanes) {
      std::vector<std::uint64_t> days(static_cast<std::size_t>(last - first + 1));
      for (const auto& [day, parcels] : *lane.days) days[static_cast<std::size_t>(day - first)] = parcels;
      all.push_back({{"from", lane.from}, {"to", lane.to}, {"values", json::array(days.begin(), days.end())}});
    }
    return {{"from_ms", first * day_ms}, {"step_ms", day_ms}, {"steps", last - first + 1}, {"lanes", std::move(all)}};
  }

 private:
  boost::unordered_flat_map<std::uint64_t, std::pair<PlaceId, std::int64_t>> under_way_;
  std::map<std::pair<PlaceId, PlaceId>, std::map<std::int64_t, std::uint64_t>> lanes_;
};

json::value instant(SimTime at) {
  if (at == never) return nullptr;
  return at.time_since_epoch().count();
}

std::int64_t first_day_of(SqliteReader& run) {
  std::int64_t seconds = 0;
  run.rows("SELECT CAST(value AS INTEGER) FROM run WHERE key = 'first_day_unix_s'",
           [&](const Row& row) { seconds = row.integer(0); });
  return floor_div(seconds, 86'400);
}

/// The notices of a story as they were written. `first_day`: days since 1970.
json::array written_notices(const Story& story, std::int64_t first_day) {
  const auto date = [&](std::int64_t day) { return std::chrono::sys_days{std::chrono::days{first_day + day}}; };
  const std::string order = order_number(story.parcel);
  NoticeFields fields;
  fields.order = order;
  fields.retailer = story.retailer;
  fields.carrier = story.carrier;
  if (story.due) fields.promised = date(*story.due);
  json::array all;
  for (const ShopperAct& act : story.notices) {
    fields.expected.reset();
    for (const Scan& scan : story.scans) {
      if (scan.kind == ScanKind::eta_changed && scan.reported == act.at && scan.eta_day != no_day)
        fields.expected = date(scan.eta_day);
    }
    json::array languages;
    for (const std::string_view language : notice_languages()) {
      const Notice notice = write_notice(act.kind, fields, language);
      languages.push_back(json::array{json::string(notice.subject), json::string(notice.text)});
    }
    all.push_back(
        json::array{instant(act.at), act_kind_names[static_cast<std::size_t>(act.kind)], std::move(languages)});
  }
  return all;
}

}  // namespace

Result<ToldScans> read_told_scans(SqliteReader& run, const std::filesystem::path& run_folder,
                                  const std::unordered_map<std::int64_t, std::size_t>& position, std::size_t on_map,
                                  const ReportLimits& limits) {
  const auto index_of = [&](std::int64_t place) -> json::value {
    const auto found = position.find(place);
    return found == position.end() ? json::value(nullptr) : json::value(found->second);
  };
  std::vector<Story> stories;
  boost::unordered_flat_map<std::uint64_t, std::size_t> wanted;
  run.rows(sample_sql, [&](const Row& row) {
    if (stories.size() >= limits.stories) return;
    wanted[static_cast<std::uint64_t>(row.integer(0))] = stories.size();
    // The id is a 64-bit bit pattern: JavaScript's numbers would round it, text does not.
    stories.push_back({{{"parcel", std::to_string(row.integer(0))},
                        {"place", row.null(1) ? json::value(nullptr) : index_of(row.integer(1))},
                        {"cause", json::string(row.text(2))},
                        {"carrier", json::string(row.text(3))},
                        {"due", row.null(4) ? json::value(nullptr) : json::value(row.integer(4))},
                        {"region", json::string(row.text(5))},
                        {"delivered", row.null(6) ? json::value(nullptr) : json::value(row.integer(6))}},
                       static_cast<ParcelId>(static_cast<std::uint64_t>(row.integer(0))),
                       std::string(row.text(7)),
                       std::string(row.text(3)),
                       row.null(4) ? std::nullopt : std::optional<std::int64_t>(row.integer(4)),
                       {},
                       {}});
  });
  if (limits.scans == 0) return ToldScans();
  Flows flows;
  std::uint64_t scans = 0;
  auto read = visit_scans(run_folder, [&](std::span<const Scan> some) {
    scans += some.size();
    for (const Scan& scan : some) {
      flows.take(scan);
      if (const auto story = wanted.find(static_cast<std::uint64_t>(scan.parcel)); story != wanted.end()) {
        Story& one = stories[story->second];
        if (one.scans.size() < limits.scans_per_story) {
          one.scans.push_back(scan);
        } else {
          one.told["more_scans"] = true;
        }
      }
    }
    return scans <= limits.scans;
  });
  if (!read) return tl::unexpected(read.error());
  ToldScans told;
  // Half a stream would tell half the stories.
  if (scans == 0 || scans > limits.scans) return told;
  told.flows = flows.told(position, on_map, limits.flows);
  bool any_notices = false;
  read = visit_acts(run_folder, [&](std::span<const ShopperAct> some) {
    for (const ShopperAct& act : some) {
      if (!is_notice(act.kind)) continue;
      any_notices = true;
      const auto story = wanted.find(static_cast<std::uint64_t>(act.parcel));
      // A parcel that is taken out and brought back for weeks would tell nothing new.
      if (story != wanted.end() && stories[story->second].notices.size() < limits.notices_per_story)
        stories[story->second].notices.push_back(act);
    }
    return true;
  });
  if (!read) return tl::unexpected(read.error());
  const std::int64_t first_day = first_day_of(run);
  for (Story& story : stories) {
    if (story.scans.empty()) continue;
    json::array lines;
    for (const Scan& scan : story.scans) {
      lines.push_back(json::array{instant(scan.at), scan_kind_names[static_cast<std::size_t>(scan.kind)],
                                  index_of(static_cast<std::int64_t>(scan.place)), instant(scan.reported)});
    }
    story.told["scans"] = std::move(lines);
    story.told["notices"] = any_notices ? json::value(written_notices(story, first_day)) : json::value(nullptr);
    told.stories.push_back(std::move(story.told));
  }
  return told;
}

}  // namespace peakstorm::reports
