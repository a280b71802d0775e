#include "scenarios/save.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <string_view>
#include <type_traits>

#include "scenarios/build/settings.hpp"
#include "scenarios/text/fields.hpp"
#include "scenarios/text/hash.hpp"

namespace peakstorm {
namespace {

using namespace scenarios;

constexpr std::array<const char*, 5> format_names{"plain", "ups_1z", "fedex_12", "usps_22", "s10"};

std::string text_of(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      constexpr std::string_view digit = "0123456789abcdef";
      out += "\\u00";
      out += digit[byte >> 4U];
      out += digit[byte & 0xfU];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// Shortest text that reads back as the same double; always with a point or exponent, as TOML wants it.
std::string text_of(double value) {
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  std::string text(buffer.data(), end.ptr);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}
std::string text_of(SimDuration length) {
  return std::to_string(length.count());
}
template <class T>
requires std::is_integral_v<T> std::string text_of(T value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else {
    return std::to_string(value);
  }
}

/// Lines of "key = value"; durations and instants are milliseconds, shares and factors parts per million.
class Toml {
 public:
  template <class T>
  Toml& key(std::string_view name, const T& value) {
    text_.append(name).append(" = ").append(text_of(value)).append("\n");
    return *this;
  }
  Toml& ppm(std::string_view name, std::uint64_t value) {
    text_.append(name).append(" = ").append(ppm_text(value)).append("\n");
    return *this;
  }
  template <class List, class Text>
  Toml& list(std::string_view name, const List& values, const Text& text) {
    text_.append(name).append(" = [");
    bool first = true;
    for (const auto& value : values) {
      text_.append(first ? "" : ", ").append(text(value));
      first = false;
    }
    text_.append("]\n");
    return *this;
  }
  void head(std::string_view line) { text_.append("\n").append(line).append("\n"); }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// All fields of a big table as lines, to be hashed.
class RowHash {
 public:
  template <class... Ts>
  void row(const Ts&... values) {
    ((text_.append(text_of(values)).append(",")), ...);
    text_ += '\n';
    ++rows_;
  }
  [[nodiscard]] std::string hex() const { return xxh128_hex(text_); }
  void into(Toml& out, std::string_view name) const {
    out.head("[table." + std::string(name) + "]");
    out.key("rows", rows_).key("xxh128", std::string_view(hex()));
  }

 private:
  std::string text_;
  std::uint64_t rows_ = 0;
};

void write_scalars(const World& w, Toml& out) {
  const auto first = static_cast<UnixDay>(floor_div(w.first_day_unix, 86'400));
  out.head("[scenario]");
  out.key("name", std::string_view(w.name)).key("title", std::string_view(w.title));
  out.key("description", std::string_view(w.description));
  out.key("first_day", std::string_view(date_text(first)));
  out.key("days", w.day_count).key("drain_days", w.drain_days);
  out.key("measure_from", std::string_view(date_text(first + w.measure_from)));
  out.key("measure_to", std::string_view(date_text(first + w.measure_to - 1)));
  out.key("seed", w.seed);
  const ShopperModel& s = w.shopper;
  out.head("[shopper]");
  out.key("enabled", s.enabled).key("checks_per_order", s.checks_per_order);
  out.key("past_promise_factor", s.past_promise_factor).key("silence_factor", s.silence_factor);
  out.key("silence_ms", s.silence).key("contacts_on_time", s.contacts_on_time);
  out.key("contact_cost_cents", s.contact_cost).key("notices", s.notices);
  out.key("notice_effect", s.notice_effect).key("reviews", s.reviews).key("recovery_effect", s.recovery_effect);
  const LoyaltyModel& l = w.loyalty;
  out.head("[loyalty]");
  out.key("enabled", l.enabled).key("survey", std::string_view(survey_names[static_cast<std::size_t>(l.survey)]));
  out.key("survey_wait_ms", l.survey_wait);
  out.key("asked_before", l.asked_before).key("asked_after", l.asked_after);
  out.key("unhappy_answer", l.unhappy_answer).key("orders_per_year", l.orders_per_year);
  out.key("orders_shape", l.orders_shape).key("failure_delay", l.failure_delay);
  out.key("failure_delay_low", l.failure_delay_low).key("failure_delay_high", l.failure_delay_high);
  out.key("margin_cents", l.margin).key("credit_full_cents", l.credit_full).key("capped", l.capped);
  const auto won_back = [&](const char* name, const WonBack& back) {
    out.list(name, std::array{back.apology, back.refund, back.credit}, [](double share) { return text_of(share); });
  };
  won_back("satisfaction_apology_refund_credit", l.satisfaction);
  won_back("repurchase_apology_refund_credit", l.repurchase);
  out.head("[carbon]");
  out.key("enabled", w.carbon.enabled).key("road_g_per_tkm", w.carbon.road_g_per_tkm);
  out.key("air_g_per_tkm", w.carbon.air_g_per_tkm).key("stop_g", w.carbon.stop_g);
  out.head("[replay]");
  out.key("scale", w.replay.scale).key("speed", w.replay.speed).key("seconds", w.replay.seconds);
  out.key("format", std::string_view(w.replay.format));
  out.head("[faults]");
  for (std::size_t kind = 1; kind < fault_kinds; ++kind) {
    if (w.replay.faults.rate[kind] > 0) out.ppm(fault_names[kind], w.replay.faults.rate[kind]);
  }
  out.key("seed", w.replay.faults.seed);
  out.head("[gate]");
  out.list("require", w.gates, [](const GateText& g) { return text_of(std::string_view(g.expression)); });
  for (const SizeClass& size : w.sizes) {
    out.head("[[size]]");
    out.ppm("share", size.share).key("weight_g", size.weight_g).key("volume_cm3", size.volume_cm3);
  }
}

void write_carriers(const World& w, Toml& out) {
  for (std::size_t id = 0; id < w.carriers.size(); ++id) {
    const Carrier& c = w.carriers[id];
    out.head("[[carrier]]");
    out.key("name", std::string_view(c.name));
    out.key("number_format", std::string_view(format_names[static_cast<std::size_t>(c.number_format)]));
    out.key("pickup_calendar", std::string_view(w.calendars[index(c.pickup)].name));
    out.ppm("first_attempt_success", c.first_attempt_success).ppm("bad_address", c.bad_address);
    out.key("attempts_max", c.attempts_max).ppm("held_for_pickup", c.held_for_pickup);
    out.ppm("missort", c.missort).ppm("loss", c.loss).ppm("damage", c.damage).ppm("held", c.held);
    out.key("held_minutes", c.held_minutes).ppm("missed_scan", c.missed_scan).ppm("late_scan", c.late_scan);
    out.key("late_scan_minutes", c.late_scan_minutes).ppm("false_delivery", c.false_delivery);
    out.key("replan_after_ms", c.replan_after);
    out.key("regional", c.regional);
    for (const PlannedCapacity& p : w.capacity) {
      if (index(p.carrier) != id) continue;
      out.head("[[carrier.capacity]]");
      out.key("from_day", p.from).key("to_day", p.to);
      out.ppm("sort", p.sort).ppm("linehaul", p.linehaul).ppm("rounds", p.rounds);
    }
  }
  for (const Service& s : w.services) {
    out.head("[[service]]");
    out.key("name", std::string_view(s.name)).key("carrier", std::string_view(w.carriers[index(s.carrier)].name));
    out.key("tier", std::string_view(tier_names[static_cast<std::size_t>(s.tier)]));
    out.key("mode", std::string_view(s.mode == Mode::air ? "air" : "road"));
    out.key("transit_calendar", std::string_view(w.calendars[index(s.transit)].name));
    out.key("delivery_calendar", std::string_view(w.calendars[index(s.delivery)].name));
    out.key("commit_time_ms", s.commit_time).key("residential_cents", s.residential).ppm("fuel", s.fuel);
    out.key("dim_divisor", s.dim_divisor).key("extra_attempt_cents", s.extra_attempt);
    const auto pair = [](auto a, auto b) { return "[" + text_of(a) + ", " + text_of(b) + "]"; };
    out.list("transit_km_days", s.published, [&](const TransitBand& b) { return pair(b.km_max, b.days); });
    out.list("rates_km_cents", s.rates, [](const RateBand& b) {
      return "[" + text_of(b.km_max) + ", " + text_of(b.base) + ", " + text_of(b.per_kg) + "]";
    });
    out.list("peaks_day_day_cents", s.peaks, [](const PeakSurcharge& p) {
      return "[" + text_of(p.from) + ", " + text_of(p.to) + ", " + text_of(p.amount) + "]";
    });
  }
}

void write_shippers(const World& w, Toml& out) {
  const auto ppm = [](Ppm value) { return ppm_text(value); };
  const auto number = [](auto value) { return text_of(value); };
  for (const Shipper& s : w.shippers) {
    out.head("[[shipper]]");
    out.key("name", std::string_view(s.name));
    out.key("role", std::string_view(s.role == ShipperRole::retailer ? "retailer" : "background"));
    out.key("orders_per_day", s.orders_per_day);
    out.list("hours", s.hours, ppm).list("weekdays", s.weekdays, ppm).list("season", s.season, ppm);
    out.ppm("day_cv", s.day_cv).ppm("day_correlation", s.day_correlation);
    out.list("tiers", s.tiers, ppm).list("target_days", s.target_days, number);
    out.key("tier_choice", s.tier_choice).key("day_weight", s.day_weight).key("fee_weight", s.fee_weight);
    out.list("tier_fees_cents", s.tier_fees, number);
    out.key("policy", std::string_view(policy_names[static_cast<std::size_t>(s.policy)]));
    out.key("late_penalty_cents", s.late_penalty).ppm("reliability_slack", s.reliability_slack);
    out.key("overflow", std::string_view(overflow_names[static_cast<std::size_t>(s.overflow)]));
    out.key("zone_skip", s.zone_skip);
    out.ppm("learning_shrinkage", s.learning.shrinkage).key("learning_news_delay_ms", s.learning.news_delay);
    out.ppm("learning_strained_above", s.learning.strained_above);
    out.ppm("cancelled", s.cancelled).key("buffer_days", s.buffer_days);
    const PromiseRule& rule = s.promise;
    out.key("promise_rule", std::string_view(promise_names[static_cast<std::size_t>(rule.kind)]));
    out.ppm("promise_quantile", rule.quantile).key("promise_conformal", rule.conformal).ppm("promise_step", rule.step);
    out.key("promise_day_cost_cents", rule.day_cost).key("promise_late_cost_cents", rule.late_cost);
    out.key("promise_late_cost_per_day", rule.late_cost_per_day);
    out.list("promise_hedges_day_day_days", rule.hedges, [](const Hedge& h) {
      return "[" + text_of(h.from) + ", " + text_of(h.to) + ", " + text_of(h.days) + "]";
    });
    out.key("window_from_ms", s.window_from).key("window_to_ms", s.window_to);
    out.key("recovery_credit_cents", s.recovery_credit).key("recovery_refunds_shipping", s.recovery_refunds_shipping);
    const RecoveryPlan& plan = s.recovery;
    out.key("recovery_when", std::string_view(recovery_when_names[static_cast<std::size_t>(plan.when)]));
    if (plan.budget) out.key("recovery_budget_cents", *plan.budget);
    out.list("recovery_grades_ms_tiers_cents_refund", plan.grades, [](const RecoveryGrade& g) {
      std::string tiers;
      for (std::size_t t = 0; t < tier_count; ++t) {
        if (g.tiers[t]) tiers += (tiers.empty() ? "" : " ") + std::string(tier_names[t]);
      }
      return "[" + text_of(g.after) + ", " + text_of(std::string_view(tiers)) + ", " + text_of(g.credit) + ", " +
             (g.refunds_shipping ? "true" : "false") + "]";
    });
    out.key("ship_from", std::string_view(ship_from_names[static_cast<std::size_t>(s.ship_from)]));
    for (const Tariff& t : s.tariffs) {
      out.head("[[shipper.tariff]]");
      out.key("tier", std::string_view(tier_names[static_cast<std::size_t>(t.tier)]));
      out.key("service", std::string_view(w.services[index(t.service)].name)).ppm("share", t.share);
      out.ppm("cap", t.cap);
    }
    for (const Bar& bar : s.bars) {
      out.head("[[shipper.bar]]");
      out.key("carrier", std::string_view(w.carriers[index(bar.carrier)].name));
      std::vector<std::string_view> regions;
      for (std::size_t r = 0; r < bar.regions.size(); ++r) {
        if (bar.regions[r]) regions.emplace_back(w.regions[r].name);
      }
      std::vector<std::string_view> tiers;
      for (std::size_t t = 0; t < tier_count; ++t) {
        if (bar.tiers[t]) tiers.emplace_back(tier_names[t]);
      }
      const auto text = [](std::string_view value) { return text_of(value); };
      out.list("regions", regions, text).list("tiers", tiers, text);
    }
    for (const Guarantee& g : s.guarantees) {
      out.head("[[shipper.guarantee]]");
      out.key("until_day", g.until_day).key("until_time_ms", g.until_time).key("day", g.date);
      out.key("upgrade_to", std::string_view(tier_names[static_cast<std::size_t>(g.upgrade_to)]));
    }
  }
  for (const ShipNode& n : w.nodes) {
    std::uint64_t demand = 0;
    RowHash spread;
    for (const std::uint64_t weight : n.demand) {
      demand += weight;
      spread.row(weight);
    }
    out.head("[[node]]");
    out.key("name", std::string_view(n.name)).key("shipper", std::string_view(w.shippers[index(n.shipper)].name));
    out.key("region", std::string_view(w.regions[index(n.region)].name));
    out.key("zone", std::string_view(w.zones[index(n.zone)].name));
    out.key("lat", n.position.lat).key("lon", n.position.lon);
    out.key("calendar", std::string_view(w.calendars[index(n.calendar)].name));
    out.key("cut_off_ms", n.cut_off).key("handling_min_ms", n.handling_min).key("handling_max_ms", n.handling_max);
    out.key("demand", demand);
    out.list("stock_day_size_units", n.stock, [](const StockLot& lot) {
      return "[" + text_of(lot.from) + ", " + (lot.size ? text_of(*lot.size) : "-1") + ", " + text_of(lot.units) + "]";
    });
    out.list("pickups", n.pickups, [&](const Pickup& p) {
      return "[" + text_of(std::string_view(w.carriers[index(p.carrier)].name)) + ", " +
             text_of(std::string_view(w.facilities[index(p.facility)].name)) + ", " + text_of(p.time) + ", " +
             text_of(p.drive) + ", " + text_of(p.pieces_per_day) + ", " +
             text_of(std::count(p.destinations.begin(), p.destinations.end(), true)) + ", " + text_of(p.piece_cost) +
             "]";
    });
  }
}

void write_disruptions(const World& w, Toml& out) {
  const auto count = [](const std::vector<bool>& touched) {
    return static_cast<std::uint64_t>(std::count(touched.begin(), touched.end(), true));
  };
  for (const Disruption& d : w.disruptions) {
    out.head("[[disruption]]");
    out.key("name", std::string_view(d.name));
    out.key("kind", std::string_view(disruption_kind_names[static_cast<std::size_t>(d.kind)]));
    out.key("from_ms", d.from.time_since_epoch()).key("to_ms", d.to.time_since_epoch());
    out.key("facilities", count(d.facilities)).key("destinations", count(d.destinations)).key("nodes", count(d.nodes));
    if (d.carrier) out.key("carrier", std::string_view(w.carriers[index(*d.carrier)].name));
    if (d.shipper) out.key("shipper", std::string_view(w.shippers[index(*d.shipper)].name));
    out.ppm("speed", d.speed).ppm("staffing", d.staffing).key("closed", d.closed).key("embargo", d.embargo);
    out.ppm("demand", d.demand).key("scan_delay_ms", d.scan_delay);
    out.key("lat", d.centre.lat).key("lon", d.centre.lon).key("radius_km", d.radius_km);
    out.list("regions", d.regions, [&](RegionId r) { return text_of(std::string_view(w.regions[index(r)].name)); });
    RowHash area;
    for (const auto* touched : {&d.facilities, &d.destinations, &d.nodes}) {
      for (const bool is_touched : *touched) area.row(is_touched);
    }
    out.key("area_xxh128", std::string_view(area.hex()));
  }
}

void write_tables(const World& w, Toml& out) {
  RowHash calendars;
  for (const Calendar& c : w.calendars) {
    std::string open;
    for (const bool is_open : c.open) open += is_open ? '1' : '0';
    calendars.row(std::string_view(c.name), std::string_view(open));
  }
  calendars.into(out, "calendars");
  RowHash zones;
  for (const TimeZone& z : w.zones) {
    for (const TimeZone::Span& s : z.spans) zones.row(std::string_view(z.name), s.from.time_since_epoch(), s.offset);
  }
  zones.into(out, "zones");
  RowHash destinations;
  for (const Destination& d : w.destinations) {
    destinations.row(std::string_view(d.name), index(d.region), index(d.zone), d.position.lat, d.position.lon,
                     d.weight);
  }
  destinations.into(out, "destinations");
  RowHash facilities;
  for (const Facility& f : w.facilities) {
    facilities.row(std::string_view(f.name), index(f.carrier), static_cast<int>(f.kind), index(f.zone), index(f.region),
                   f.position.lat, f.position.lon, f.handling, f.stops_per_day, f.load_out, f.round_length, f.area_km2,
                   f.customs_minutes, f.customs_held);
  }
  facilities.into(out, "facilities");
  RowHash sorts;
  for (std::size_t id = 0; id < w.facilities.size(); ++id) {
    for (const SortWindow& s : w.facilities[id].sorts) sorts.row(id, s.from, s.to, s.weekdays, s.pieces_per_hour);
  }
  sorts.into(out, "sorts");
  RowHash lanes;
  RowHash departures;
  for (std::size_t id = 0; id < w.lanes.size(); ++id) {
    const Lane& l = w.lanes[id];
    lanes.row(index(l.from), index(l.to), static_cast<int>(l.mode), l.customs, l.km, l.transit, l.transit_p10,
              l.transit_p90, l.cut_off, l.pieces, l.weight_kg, l.volume_m3);
    for (const Departure& d : l.departures) departures.row(id, d.time, d.weekdays);
  }
  lanes.into(out, "lanes");
  departures.into(out, "departures");
  RowHash coverage;
  for (std::size_t carrier = 0; carrier < w.coverage.size(); ++carrier) {
    for (std::size_t d = 0; d < w.coverage[carrier].size(); ++d) {
      if (w.coverage[carrier][d]) coverage.row(carrier, d, index(*w.coverage[carrier][d]));
    }
  }
  coverage.into(out, "coverage");
  RowHash orders;
  for (const GivenOrder& o : w.orders) {
    orders.row(o.at.time_since_epoch(), index(o.node), index(o.destination), static_cast<int>(o.tier), o.size,
               o.promise_day);
  }
  orders.into(out, "orders");
}

}  // namespace

std::string world_text(const World& world) {
  Toml out;
  write_scalars(world, out);
  write_carriers(world, out);
  write_shippers(world, out);
  write_disruptions(world, out);
  write_tables(world, out);
  return "# The resolved world of a run. Days count from first_day; *_ms are milliseconds, from 00:00 UTC of\n"
         "# first_day where they are instants. Big tables are given by their number of rows and a hash.\n" +
         out.take();
}

Result<void> write_world(const World& world, const std::filesystem::path& path) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << world_text(world);
  out.close();
  if (!out) return fail(ErrorKind::io, path.string() + ": cannot be written; check the folder and the free space");
  return {};
}

}  // namespace peakstorm
