#include "adapters/replay/faults.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include "adapters/wire/text.hpp"

namespace peakstorm {
namespace {

constexpr SimDuration slot_length = hours(4);
// Added scans of scan number s are 128 + 4 s, ... up to the 31st scan; no journey seen has as many of these kinds.
constexpr std::uint8_t added_per_scan = 4;
constexpr std::uint8_t scans_with_added = (255 - injected_sequence) / added_per_scan;

bool later(const ReplayItem& a, const ReplayItem& b) {
  const auto key = [](const ReplayItem& item) {
    return std::tuple(item.at, static_cast<std::uint64_t>(item.parcel), item.is_check, item.scan.sequence);
  };
  return key(a) > key(b);
}

const TimeZone* zone_of(const World& world, PlaceId place) {
  if (place == no_place) return nullptr;
  const ZoneId zone = world.is_node(place) ? world.nodes[index(place) - world.facilities.size()].zone
                                           : world.facilities[index(place)].zone;
  return &world.zones[index(zone)];
}

}  // namespace

FaultPlan::FaultPlan(const World& world, const FaultRates& rates)
    : world_(world), rates_(rates), key_(RunKey{rates.seed, 0}) {
  nodes_.reserve(world.nodes.size());
  for (const ShipNode& node : world.nodes) nodes_.push_back(hash64(node.name));
}

std::uint64_t FaultPlan::entity(FaultKind kind, ParcelId parcel) const {
  const std::size_t node = index(node_of(parcel));
  return hash64(parcel_key(node < nodes_.size() ? nodes_[node] : 0, parcel), static_cast<std::uint64_t>(kind));
}

bool FaultPlan::happens(FaultKind kind, ParcelId parcel, std::uint8_t sequence) const {
  if (rates_.of(kind) == 0) return false;
  return Draws(key_, Purpose::fault, entity(kind, parcel), sequence).happens(0, rates_.of(kind));
}

std::uint32_t FaultPlan::draw(FaultKind kind, ParcelId parcel, std::uint8_t sequence, std::size_t word) const {
  return Draws(key_, Purpose::fault, entity(kind, parcel), sequence).word(word);
}

void FaultPlan::amend(std::vector<Scan>& scans, std::vector<InjectedFault>* told) const {
  if (!any()) return;
  const std::size_t own = scans.size();
  for (std::size_t i = 0; i < own; ++i) {
    if (scans[i].reported == never) continue;
    const Scan scan = scans[i];
    const SimTime due = scan.reported;
    FaultKind why = FaultKind::none;
    if (scan.place != no_place && rates_.of(FaultKind::late_batch) > 0) {
      const std::int64_t slot = floor_div(scan.at.time_since_epoch().count(), slot_length.count());
      const std::uint64_t scanner = hash64(hash64(world_.place_name(scan.place)), static_cast<std::uint64_t>(slot));
      const SimTime back = day_zero + (slot + 1) * slot_length;
      if (back > due && Draws(key_, Purpose::fault, scanner).happens(0, rates_.of(FaultKind::late_batch))) {
        scans[i].reported = back;
        why = FaultKind::late_batch;
      }
    }
    if (why == FaultKind::none && scan.kind != ScanKind::label_created &&
        happens(FaultKind::disorder, scan.parcel, scan.sequence)) {
      scans[i].reported =
          due + minutes(30) + SimDuration{draw(FaultKind::disorder, scan.parcel, scan.sequence, 1) % hours(5).count()};
      why = FaultKind::disorder;
    }
    if (why != FaultKind::none && told != nullptr) {
      told->push_back({why, scan.parcel, scan.sequence, scans[i].reported,
                       "published " + std::to_string((scans[i].reported - due) / minutes(1)) + " minutes late"});
    }
    if (scan.sequence < scans_with_added) add_behind(scan, scans, told);
  }
}

void FaultPlan::add_behind(const Scan& scan, std::vector<Scan>& scans, std::vector<InjectedFault>* told) const {
  auto sequence = static_cast<std::uint8_t>(injected_sequence + scan.sequence * added_per_scan);
  const auto add = [&](FaultKind fault, ScanKind kind, SimTime at, PlaceId place) {
    Scan further = scan;
    further.kind = kind;
    further.place = place;
    further.sequence = sequence++;
    further.eta_day = no_day;
    further.at = at;
    further.reported = at;
    scans.push_back(further);
    if (told != nullptr) {
      told->push_back({fault, scan.parcel, further.sequence, further.reported,
                       std::string(scan_kind_names[static_cast<std::size_t>(kind)]) + " added behind " +
                           scan_kind_names[static_cast<std::size_t>(scan.kind)]});
    }
  };
  const auto hits = [&](FaultKind kind) { return happens(kind, scan.parcel, scan.sequence); };
  if (scan.kind == ScanKind::out_for_delivery && scan.place != no_place && hits(FaultKind::regression)) {
    add(FaultKind::regression, ScanKind::arrived, scan.at + minutes(10), scan.place);
    add(FaultKind::regression, ScanKind::out_for_delivery, scan.at + minutes(25), scan.place);
    return;
  }
  if (scan.kind == ScanKind::delivered) {
    if (hits(FaultKind::retraction)) {
      add(FaultKind::retraction, ScanKind::retracted, scan.at + minutes(20), no_place);
      const bool tried_again = draw(FaultKind::retraction, scan.parcel, scan.sequence, 1) % 2 == 0;
      add(FaultKind::retraction, tried_again ? ScanKind::delivered : ScanKind::attempted, scan.at + minutes(40),
          no_place);
    } else if (hits(FaultKind::regression)) {
      add(FaultKind::regression, ScanKind::returning, scan.at + minutes(30), no_place);
      add(FaultKind::regression, ScanKind::returned, scan.at + hours(26), no_place);
    } else if (hits(FaultKind::number_reuse)) {
      add(FaultKind::number_reuse, ScanKind::label_created, scan.at + days(2), no_place);
      add(FaultKind::number_reuse, ScanKind::processed, scan.at + days(2) + hours(6), no_place);
    }
    return;
  }
  const TimeZone* zone = zone_of(world_, scan.place);
  if (zone == nullptr || rates_.of(FaultKind::dst_fold) == 0 || scan.kind == ScanKind::out_for_delivery) return;
  for (std::size_t s = 1; s < zone->spans.size(); ++s) {
    const TimeZone::Span& span = zone->spans[s];
    const bool fold = span.offset < zone->spans[s - 1].offset;
    if (!fold || scan.at > span.from - minutes(30) || scan.at < span.from - hours(12)) continue;
    if (!hits(FaultKind::dst_fold)) continue;
    add(FaultKind::dst_fold, ScanKind::processed, span.from - minutes(20), scan.place);
    add(FaultKind::dst_fold, ScanKind::processed, span.from + minutes(10), scan.place);
    return;
  }
}

Result<void> FaultySource::next(std::size_t limit, std::vector<ReplayItem>& items) {
  std::vector<ReplayItem> fresh;
  std::vector<Scan> scans;
  std::vector<InjectedFault> told;
  while (limit > 0) {
    // A fault never lets anything happen earlier, so whatever waits before the next item of the source may go.
    while (!exhausted_ && fresh.empty()) {
      if (auto more = source_.next(limit, fresh); !more) return more;
      exhausted_ = fresh.empty();
      for (ReplayItem& item : fresh) {
        if (item.is_check) {
          waiting_.push_back(std::move(item));
          std::push_heap(waiting_.begin(), waiting_.end(), later);
          continue;
        }
        scans.assign(1, item.scan);
        plan_.amend(scans, &told);
        for (const Scan& scan : scans) {
          waiting_.push_back({scan.reported, false, scan, scan.parcel});
          std::push_heap(waiting_.begin(), waiting_.end(), later);
        }
      }
      for (const InjectedFault& fault : told) {
        if (share_.owns(fault.parcel)) recorder_.injected(fault);
      }
      told.clear();
    }
    const SimTime known_to = exhausted_ ? SimTime::max() : fresh.back().at;
    fresh.clear();
    bool any = false;
    while (limit > 0 && !waiting_.empty() && (exhausted_ || waiting_.front().at < known_to)) {
      std::pop_heap(waiting_.begin(), waiting_.end(), later);
      items.push_back(std::move(waiting_.back()));
      waiting_.pop_back();
      --limit;
      any = true;
    }
    if (exhausted_ && !any) break;
  }
  return {};
}

namespace alter {
namespace {

using Change = std::function<std::optional<std::string>(std::string_view key, std::string_view value)>;

/// Applies `change` to every text value of the JSON body and to every header that tells an instant or an id.
/// Escapes are passed on as they stand.
void each_text(wire::Message& message, const Change& change) {
  const std::string& body = message.body;
  std::string out;
  out.reserve(body.size() + 64);
  std::string_view key;
  std::size_t i = 0;
  while (i < body.size()) {
    if (body[i] != '"') {
      out += body[i++];
      continue;
    }
    std::size_t end = i + 1;
    while (end < body.size() && body[end] != '"') end += body[end] == '\\' ? 2 : 1;
    const std::string_view text = std::string_view(body).substr(i + 1, end - i - 1);
    const bool is_key = end + 1 < body.size() && body[end + 1] == ':';
    out += '"';
    const auto changed = is_key ? std::nullopt : change(key, text);
    out += changed ? std::string_view(*changed) : text;
    if (end < body.size()) out += '"';
    if (is_key) key = text;
    i = end + 1;
  }
  message.body = std::move(out);

  std::string headers;
  std::string_view rest = message.headers;
  while (!rest.empty()) {
    const std::size_t line_end = std::min(rest.find("\r\n"), rest.size() - 2) + 2;
    const std::string_view line = rest.substr(0, line_end);
    rest.remove_prefix(line_end);
    const std::size_t colon = line.find(": ");
    const bool told = line.starts_with("ce-time") || line.starts_with("ce-id");
    if (!told || colon == std::string_view::npos) {
      headers += line;
      continue;
    }
    const std::string_view value = line.substr(colon + 2, line.size() - colon - 4);
    const auto changed = change(line.starts_with("ce-time") ? "time" : "id", value);
    headers.append(line.substr(0, colon + 2)).append(changed ? std::string_view(*changed) : value).append("\r\n");
  }
  message.headers = std::move(headers);
}

std::optional<std::int64_t> instant(std::string_view key, std::string_view value) {
  if (value.size() < 20 || value[4] != '-') return std::nullopt;
  for (const std::string_view date : {"est_", "eta", "estimated", "promise", "delivery_date"}) {
    if (key.find(date) != std::string_view::npos) return std::nullopt;
  }
  return wire::parse_instant(value);
}

}  // namespace

void identity(wire::Message& message) {
  bool done = false;
  each_text(message, [&](std::string_view key, std::string_view value) -> std::optional<std::string> {
    if (done || (key != "id" && key != "event_id" && key != "eventID")) return std::nullopt;
    done = true;
    std::string other{value};
    for (char& c : other) {
      if (c >= '0' && c <= '9') c = static_cast<char>('0' + (c - '0' + 3) % 10);
    }
    return other == value ? other + "0" : other;
  });
}

void zone(wire::Message& message, SimDuration offset) {
  each_text(message, [&](std::string_view key, std::string_view value) -> std::optional<std::string> {
    const auto at = instant(key, value);
    if (!at) return std::nullopt;
    std::string text;
    wire::append_local(text, *at, offset);
    return text;
  });
}

void drop_offsets(wire::Message& message) {
  each_text(message, [](std::string_view key, std::string_view value) -> std::optional<std::string> {
    if (!instant(key, value)) return std::nullopt;
    return std::string(value.substr(0, value.find_first_of("Zz+-", 19)));
  });
}

void move_instants(wire::Message& message, SimDuration by) {
  each_text(message, [&](std::string_view key, std::string_view value) -> std::optional<std::string> {
    const auto at = instant(key, value);
    if (!at) return std::nullopt;
    std::string text;
    wire::append_utc(text, *at + by.count());
    return text;
  });
}

void capitals(wire::Message& message, bool vocabulary) {
  constexpr std::array<std::string_view, 8> words{"message", "description", "place",          "city",
                                                  "region",  "state",       "status_details", "city_locality"};
  constexpr std::array<std::string_view, 4> codes{"kind", "status", "status_detail", "tag"};
  each_text(message, [&](std::string_view key, std::string_view value) -> std::optional<std::string> {
    const bool word = std::find(words.begin(), words.end(), key) != words.end();
    const bool code = vocabulary && std::find(codes.begin(), codes.end(), key) != codes.end();
    // Behind a backslash a letter is no letter.
    if ((!word && !code) || value.find('\\') != std::string_view::npos) return std::nullopt;
    std::string text{value};
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return text;
  });
}

void drift(wire::Message& message) {
  if (!message.body.starts_with('{')) return;
  message.body.insert(1, R"("x_sorter":{"belt":7,"note":""},"x_hint":null,"x_flags":[],)");
}

void number(wire::Message& message, std::string_view number, std::string_view other) {
  for (std::string* text : {&message.body, &message.headers}) {
    for (std::size_t at = text->find(number); at != std::string::npos; at = text->find(number, at + other.size())) {
      text->replace(at, number.size(), other);
    }
  }
}

}  // namespace alter

std::string ghost_number(std::string_view number) {
  std::string ghost{number};
  constexpr std::string_view mark = "GHOST";
  for (std::size_t i = 0; i < mark.size() && i < ghost.size(); ++i) ghost[i] = mark[i];
  return ghost;
}

}  // namespace peakstorm
