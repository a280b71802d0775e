#include "scenarios/build/settings.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/message_formats.hpp"
#include "scenarios/build/folder.hpp"
#include "scenarios/build/overlay.hpp"
#include "scenarios/text/near.hpp"
#include "scenarios/text/toml.hpp"
#include "scenarios/text/zones.hpp"

namespace peakstorm::scenarios {
namespace {

// MODEL: hours and weekdays of orders as measured on the public Olist marketplace sample (n = 9,999), local
// time, hour 0 first and Monday first.
constexpr std::array<Ppm, 24> default_hours{580'000,   290'000,   120'000,   60'000,    50'000,    50'000,
                                            100'000,   300'000,   720'000,   1'220'000, 1'530'000, 1'680'000,
                                            1'430'000, 1'650'000, 1'620'000, 1'440'000, 1'560'000, 1'490'000,
                                            1'310'000, 1'430'000, 1'500'000, 1'520'000, 1'340'000, 1'010'000};
constexpr std::array<Ppm, 7> default_weekdays{1'120'000, 1'070'000, 1'090'000, 1'060'000, 1'060'000, 740'000, 870'000};

std::string list_of(const std::vector<std::string_view>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + std::string(words[i]);
  }
  return text;
}

Parsed<double> number_of(const toml::node& node) {
  if (const auto value = node.is_number() ? node.value<double>() : std::nullopt) return *value;
  return tl::unexpected<Complaint>(Complaint{"this is not a number", "write a number without quotes"});
}

/// One table of the file. Remembers which keys were asked for: whatever else it holds is unknown.
class Keys {
 public:
  Keys(const toml::table& table, std::string path, Faults& faults)
      : table_(&table), path_(std::move(path)), faults_(&faults), line_(std::max(line_of(table), 1)) {}

  [[nodiscard]] int line() const { return line_; }
  [[nodiscard]] const toml::node* find(std::string_view key) {
    asked_.push_back(key);
    return table_->get(key);
  }
  void fault(int line, std::string_view key, Complaint complaint) const {
    faults_->add(settings_file, line, field(key), std::move(complaint));
  }
  void fault(int line, std::string_view key, std::string message, std::string cure) const {
    fault(line, key, Complaint{std::move(message), std::move(cure)});
  }
  void missing(std::string_view key, std::string cure) const {
    fault(line_, key, "the key is missing", std::move(cure));
  }

  /// Reads a key with `convert(node) -> Parsed<T>`; the line it stands in, or 0 when it is absent or faulty.
  template <class T, class Convert>
  int read(std::string_view key, Convert&& convert, T& out) {
    const toml::node* node = find(key);
    if (node == nullptr) return 0;
    auto value = convert(*node);
    if (!value) {
      fault(line_of(*node), key, std::move(value.error()));
      return 0;
    }
    out = static_cast<T>(*std::move(value));
    return std::max(line_of(*node), 1);
  }
  template <class T, class Parser>
  int read_text(std::string_view key, Parser&& parser, T& out) {
    return read(
        key,
        [&](const toml::node& node) -> decltype(parser(std::string_view())) {
          const auto* text = node.as_string();
          if (text == nullptr) {
            return tl::unexpected<Complaint>(Complaint{"this is not a text", "write it in double quotes"});
          }
          return parser(std::string_view(text->get()));
        },
        out);
  }
  int text(std::string_view key, std::string& out) {
    return read_text(
        key, [](std::string_view t) { return Parsed<std::string>(std::string(t)); }, out);
  }
  int share(std::string_view key, Ppm& out) { return ppm(key, 1, out); }
  int ppm(std::string_view key, std::uint32_t high, Ppm& out) {
    return read(
        key, [&](const toml::node& n) { return number_of(n).and_then([&](double v) { return ppm_of(v, high); }); },
        out);
  }
  int money(std::string_view key, Cents& out) {
    return read(
        key, [](const toml::node& n) { return number_of(n).and_then(cents_of); }, out);
  }
  template <class T>
  int integer(std::string_view key, std::int64_t low, std::int64_t high, T& out) {
    return read(
        key,
        [&](const toml::node& node) -> Parsed<std::int64_t> {
          const auto* value = node.as_integer();
          const std::string cure = "write a whole number from " + std::to_string(low) + " to " + std::to_string(high);
          if (value == nullptr) return tl::unexpected<Complaint>(Complaint{"this is not a whole number", cure});
          if (value->get() < low || value->get() > high) {
            return tl::unexpected<Complaint>(Complaint{std::to_string(value->get()) + " is out of range", cure});
          }
          return value->get();
        },
        out);
  }
  /// A number in (0, high], or [0, high] when zero is allowed.
  int number(std::string_view key, bool zero_allowed, double high, double& out) {
    return read(
        key,
        [&](const toml::node& node) -> Parsed<double> {
          auto value = number_of(node);
          if (!value) return value;
          if (std::isfinite(*value) && *value <= high && (*value > 0 || (zero_allowed && *value == 0))) return value;
          return tl::unexpected<Complaint>(
              Complaint{"the number is out of range", std::string("write a number ") +
                                                          (zero_allowed ? "of 0 or more" : "above 0") + ", at most " +
                                                          std::to_string(static_cast<std::int64_t>(high))});
        },
        out);
  }
  /// A number in [low, high].
  int within(std::string_view key, std::int64_t low, double high, double& out) {
    return read(
        key,
        [&](const toml::node& node) -> Parsed<double> {
          auto value = number_of(node);
          if (!value || (*value >= static_cast<double>(low) && *value <= high)) return value;
          return tl::unexpected<Complaint>(Complaint{
              "the number is out of range",
              "write a number from " + std::to_string(low) + " to " + std::to_string(static_cast<std::int64_t>(high))});
        },
        out);
  }
  int yes_no(std::string_view key, bool& out) {
    return read(
        key,
        [](const toml::node& node) -> Parsed<bool> {
          if (const auto* value = node.as_boolean()) return value->get();
          return tl::unexpected<Complaint>(Complaint{"this is neither true nor false", "write true or false"});
        },
        out);
  }
  int date(std::string_view key, UnixDay& out) {
    return read(
        key,
        [](const toml::node& node) -> Parsed<UnixDay> {
          if (const auto* value = node.as_date()) {
            const toml::date& d = value->get();
            std::string text = std::to_string(d.year);
            text.insert(0, text.size() < 4 ? 4 - text.size() : 0, '0');
            text += (d.month < 10 ? "-0" : "-") + std::to_string(d.month);
            text += (d.day < 10 ? "-0" : "-") + std::to_string(d.day);
            return parse_date(text);
          }
          if (const auto* text = node.as_string()) return parse_date(text->get());
          return tl::unexpected<Complaint>(Complaint{"this is not a date", "write it as 2013-12-24"});
        },
        out);
  }
  template <class T>
  int minutes_of(std::string_view key, T& out) {
    return read_text(
        key,
        [](std::string_view t) -> Parsed<std::int64_t> {
          return parse_duration(t).map([](SimDuration d) { return d.count() / minutes(1).count(); });
        },
        out);
  }
  /// One of some words.
  template <class T>
  int choice(std::string_view key, const std::vector<std::pair<std::string_view, T>>& choices, T& out) {
    return read_text(
        key,
        [&](std::string_view t) -> Parsed<T> {
          std::vector<std::string_view> words;
          for (const auto& [word, value] : choices) {
            if (word == t) return value;
            words.push_back(word);
          }
          return tl::unexpected<Complaint>(Complaint{"unknown value " + in_quotes(t), "write " + list_of(words)});
        },
        out);
  }
  /// The elements of an array; empty when it is absent or no array.
  std::vector<const toml::node*> array(std::string_view key, std::string_view cure) {
    std::vector<const toml::node*> nodes;
    const toml::node* node = find(key);
    if (node == nullptr) return nodes;
    if (const toml::array* elements = node->as_array()) {
      for (const toml::node& element : *elements) nodes.push_back(&element);
    } else {
      fault(line_of(*node), key, "this is not a list", std::string(cure));
    }
    return nodes;
  }
  /// The tables of [[key]].
  std::vector<Keys> tables(std::string_view key) {
    const std::string cure = "write it as [[" + field(key) + "]]";
    std::vector<Keys> out;
    for (const toml::node* node : array(key, cure)) {
      if (const toml::table* table = node->as_table()) {
        out.emplace_back(*table, field(key), *faults_);
      } else {
        fault(line_of(*node), key, "this is not a table", cure);
      }
    }
    return out;
  }
  std::optional<Keys> table(std::string_view key) {
    const toml::node* node = find(key);
    if (node == nullptr) return std::nullopt;
    if (const toml::table* table = node->as_table()) return Keys(*table, field(key), *faults_);
    fault(line_of(*node), key, "this is not a table", "write it as [" + field(key) + "]");
    return std::nullopt;
  }
  /// Reports the keys nobody asked for. Called last.
  void finish() const {
    for (const auto& [key, node] : *table_) {
      const std::string_view name = key.str();
      if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
      const auto line = static_cast<int>(key.source().begin.line);
      fault(line > 0 ? line : line_, name, "unknown key " + in_quotes(name),
            did_you_mean(name, asked_, "remove it; the keys here are " + known()));
    }
  }

 private:
  [[nodiscard]] std::string field(std::string_view key) const {
    if (path_.empty() || key.empty()) return path_ + std::string(key);
    return path_ + "." + std::string(key);
  }
  /// The keys that were asked for, in the order in which they were first.
  [[nodiscard]] std::string known() const {
    std::string text;
    for (auto key = asked_.begin(); key != asked_.end(); ++key) {
      if (std::find(asked_.begin(), key, *key) == key) text += (text.empty() ? "" : ", ") + std::string(*key);
    }
    return text;
  }
  const toml::table* table_;
  std::string path_;
  Faults* faults_;
  int line_;
  std::vector<std::string_view> asked_;
};

const std::vector<std::pair<std::string_view, Tier>> tier_choices{
    {tier_names[0], Tier::economy}, {tier_names[1], Tier::standard}, {tier_names[2], Tier::express}};

void read_scenario(Keys keys, const std::string& name, Settings& out) {
  if (const int line = keys.read_text("name", parse_name, out.name)) {
    if (out.name != name) {
      keys.fault(line, "name", "the name " + in_quotes(out.name) + " differs from the folder's, " + in_quotes(name),
                 "rename one of the two");
    }
  } else if (keys.find("name") == nullptr) {
    keys.missing("name", "add name = " + in_quotes(name) + " in double quotes");
  }
  out.title = out.name;
  keys.text("title", out.title);
  keys.text("description", out.description);

  UnixDay day = 0;
  if (keys.date("first_day", day) != 0) {
    out.first_day = day;
  } else if (keys.find("first_day") == nullptr) {
    keys.missing("first_day", "add the first day with orders, for instance first_day = 2013-11-25");
  }
  Day count = 0;
  if (keys.integer("days", 1, horizon_max, count) != 0) {
    out.days = count;
  } else if (keys.find("days") == nullptr) {
    keys.missing("days", "add the number of days with orders, for instance days = 42");
  }
  keys.integer("drain_days", 0, 120, out.drain_days);
  if (out.days && *out.days + out.drain_days > horizon_max) {
    keys.fault(keys.line(), "days",
               "days and drain_days are " + std::to_string(*out.days + out.drain_days) + " together",
               "shorten the horizon to at most " + std::to_string(horizon_max) + " days");
  }
  if (const int line = keys.date("measure_from", day)) out.measure_from = {day, line};
  if (const int line = keys.date("measure_to", day)) out.measure_to = {day, line};
  keys.integer("seed", 0, std::numeric_limits<std::int64_t>::max(), out.seed);
  if (const int line = keys.read_text("home_zone", parse_zone, out.home_zone.value)) {
    out.home_zone.line = line;
  } else if (keys.find("home_zone") == nullptr) {
    keys.missing("home_zone", "add the zone of the report's clock, for instance home_zone = \"America/New_York\"");
  }
  keys.finish();
}

void read_sizes(Keys& root, Settings& out) {
  const std::vector<Keys> tables = root.tables("size");
  std::uint64_t sum = 0;
  bool complete = true;
  for (Keys keys : tables) {
    SizeClass size;
    for (const std::string_view key : {"share", "weight_g", "volume_cm3"}) {
      if (keys.find(key) == nullptr) keys.missing(key, "add it; a size has share, weight_g and volume_cm3");
    }
    complete = keys.share("share", size.share) != 0 && complete;
    keys.integer("weight_g", 1, 1'000'000, size.weight_g);
    keys.integer("volume_cm3", 1, 10'000'000, size.volume_cm3);
    keys.finish();
    sum += size.share;
    out.sizes.push_back(size);
  }
  if (tables.empty()) {
    out.sizes.push_back({ppm_one, 1'500, 10'000});
  } else if (complete && sum != ppm_one) {
    tables.front().fault(tables.front().line(), "share", "the shares of the sizes sum to " + ppm_text(sum),
                         "make them sum to 1");
  }
  if (tables.size() > 255) {
    tables.back().fault(tables.back().line(), "", "more than 255 sizes", "use fewer size classes");
    out.sizes.resize(255);
  }
}

void read_carrier(Keys keys, Settings& out) {
  CarrierSettings settings;
  settings.line = keys.line();
  Carrier& c = settings.carrier;
  if (keys.read_text("name", parse_name, c.name) == 0 && keys.find("name") == nullptr) {
    keys.missing("name", "give the carrier a name");
  }
  keys.choice("number_format",
              {{"plain", NumberFormat::plain},
               {"ups_1z", NumberFormat::ups_1z},
               {"fedex_12", NumberFormat::fedex_12},
               {"usps_22", NumberFormat::usps_22},
               {"s10", NumberFormat::s10}},
              c.number_format);
  settings.pickup_calendar = {"daily", keys.line()};
  if (const int line = keys.text("pickup_calendar", settings.pickup_calendar.value)) {
    settings.pickup_calendar.line = line;
  }
  keys.share("first_attempt_success", c.first_attempt_success);
  keys.share("bad_address", c.bad_address);
  keys.integer("attempts_max", 1, 10, c.attempts_max);
  keys.share("held_for_pickup", c.held_for_pickup);
  keys.share("missort", c.missort);
  keys.share("loss", c.loss);
  keys.share("damage", c.damage);
  keys.share("held", c.held);
  keys.minutes_of("held_time", c.held_minutes);
  keys.share("missed_scan", c.missed_scan);
  keys.share("late_scan", c.late_scan);
  keys.minutes_of("late_scan_time", c.late_scan_minutes);
  keys.share("false_delivery", c.false_delivery);
  keys.read_text("replan_after", parse_duration, c.replan_after);
  keys.yes_no("regional", c.regional);
  keys.finish();
  out.carriers.push_back(std::move(settings));
}

template <std::size_t N>
void read_profile(Keys& keys, std::string_view key, std::array<Ppm, N>& out) {
  const toml::node* node = keys.find(key);
  if (node == nullptr) return;
  const std::string cure = "write " + std::to_string(N) + " factors, " + (N == 24 ? "hour 0 first" : "Monday first");
  const std::vector<const toml::node*> nodes = keys.array(key, cure);
  if (node->is_array() && nodes.size() != N) {
    keys.fault(line_of(*node), key, "the list has " + std::to_string(nodes.size()) + " entries", cure);
    return;
  }
  std::vector<Ppm> factors;
  for (const toml::node* element : nodes) {
    auto factor = number_of(*element).and_then([](double v) { return ppm_of(v, factor_max); });
    if (!factor) {
      keys.fault(line_of(*element), key, std::move(factor.error()));
      continue;
    }
    factors.push_back(*factor);
  }
  if (factors.size() != N) return;
  if (std::all_of(factors.begin(), factors.end(), [](Ppm f) { return f == 0; })) {
    keys.fault(line_of(*node), key, "every factor is 0", cure);
    return;
  }
  const std::vector<Ppm> scaled = scaled_to_mean_one(factors);
  std::copy(scaled.begin(), scaled.end(), out.begin());
}

template <std::size_t N>
std::array<Ppm, N> default_profile(const std::array<Ppm, N>& factors) {
  const std::vector<Ppm> scaled = scaled_to_mean_one({factors.begin(), factors.end()});
  std::array<Ppm, N> out{};
  std::copy(scaled.begin(), scaled.end(), out.begin());
  return out;
}

void read_tiers(Keys& keys, Shipper& shipper) {
  auto tiers = keys.table("tiers");
  if (!tiers) {
    if (keys.find("tiers") == nullptr) keys.missing("tiers", "add tiers = { standard = 1 }");
    return;
  }
  std::uint64_t sum = 0;
  bool complete = true;
  for (std::size_t tier = 0; tier < tier_count; ++tier) {
    const bool there = tiers->find(tier_names[tier]) != nullptr;
    if (there) complete = tiers->share(tier_names[tier], shipper.tiers[tier]) != 0 && complete;
    sum += shipper.tiers[tier];
  }
  tiers->finish();
  if (complete && sum != ppm_one) {
    keys.fault(tiers->line(), "tiers", "the shares of the tiers sum to " + ppm_text(sum), "make them sum to 1");
  }
}

void read_tariffs(Keys& keys, ShipperSettings& settings) {
  std::array<std::uint64_t, tier_count> sums{};
  std::array<std::uint64_t, tier_count> caps{};
  std::array<int, tier_count> first_line{};
  bool complete = true;
  for (Keys tariff : keys.tables("tariff")) {
    TariffSettings t;
    t.line = tariff.line();
    const bool has_tier = tariff.choice("tier", tier_choices, t.tariff.tier) != 0;
    if (!has_tier && tariff.find("tier") == nullptr) tariff.missing("tier", "write economy, standard or express");
    t.service.line = tariff.text("service", t.service.value);
    if (tariff.find("service") == nullptr) tariff.missing("service", "name a service of services.csv");
    t.has_share = tariff.find("share") != nullptr;
    const bool share_read = tariff.share("share", t.tariff.share) != 0;
    tariff.share("cap", t.tariff.cap);
    if (!t.has_share && settings.shipper.policy == CarrierPolicy::fixed_split) {
      tariff.missing("share", "add the service's share of its tier");
    }
    complete = complete && has_tier && share_read;
    tariff.finish();
    const auto tier = static_cast<std::size_t>(t.tariff.tier);
    sums[tier] += t.tariff.share;
    caps[tier] += t.tariff.cap;
    if (first_line[tier] == 0) first_line[tier] = t.line;
    settings.tariffs.push_back(std::move(t));
  }
  for (std::size_t tier = 0; tier < tier_count; ++tier) {
    if (settings.shipper.policy != CarrierPolicy::diversified || first_line[tier] == 0 || caps[tier] >= ppm_one)
      continue;
    keys.fault(first_line[tier], "tariff.cap",
               "the caps of the tier " + std::string(tier_names[tier]) + " sum to " + ppm_text(caps[tier]),
               "raise them until they sum to 1 or more");
  }
  if (settings.shipper.policy != CarrierPolicy::fixed_split || !complete) return;
  for (std::size_t tier = 0; tier < tier_count; ++tier) {
    if (first_line[tier] == 0 || sums[tier] == ppm_one) continue;
    keys.fault(first_line[tier], "tariff.share",
               "the shares of the tier " + std::string(tier_names[tier]) + " sum to " + ppm_text(sums[tier]),
               "make the shares of each tier sum to 1");
  }
}

/// The names of an enum's values, in their order.
template <class T, std::size_t N>
std::vector<std::pair<std::string_view, T>> choices_of(const std::array<const char*, N>& names) {
  std::vector<std::pair<std::string_view, T>> choices;
  for (std::size_t i = 0; i < N; ++i) choices.emplace_back(names[i], static_cast<T>(i));
  return choices;
}

void read_learning(Keys& keys, Learning& learning) {
  auto table = keys.table("learning");
  if (!table) return;
  if (const int line = table->ppm("shrinkage", factor_max, learning.shrinkage); line != 0 && learning.shrinkage == 0) {
    table->fault(line, "shrinkage", "with 0 a single parcel would outweigh all others", "write a number above 0");
  }
  if (const int line = table->read_text("news_delay", parse_positive_duration, learning.news_delay)) {
    if (learning.news_delay < minutes(1) || learning.news_delay > hours(12)) {
      table->fault(line, "news_delay", "news that soon or that late are not simulated",
                   "write a duration from 1m to 12h");
    }
  }
  table->share("strained_above", learning.strained_above);
  table->finish();
}

void read_promise(Keys& keys, ShipperSettings& settings) {
  auto table = keys.table("promise");
  if (!table) return;
  PromiseRule& rule = settings.shipper.promise;
  table->choice("rule", choices_of<PromiseKind>(promise_names), rule.kind);
  if (const int line = table->share("quantile", rule.quantile)) {
    if (rule.quantile < 500'000 || rule.quantile > 999'000) {
      table->fault(line, "quantile", ppm_text(rule.quantile) + " is out of range", "write a share from 0.5 to 0.999");
    }
  }
  table->yes_no("conformal", rule.conformal);
  if (const int line = table->share("step", rule.step); line != 0 && rule.step == 0) {
    table->fault(line, "step", "a step of 0 corrects nothing", "write a share above 0, or conformal = false");
  }
  table->money("day_cost", rule.day_cost);
  table->money("late_cost", rule.late_cost);
  table->yes_no("late_cost_per_day", rule.late_cost_per_day);
  for (Keys hedge : table->tables("hedge")) {
    HedgeSettings h;
    h.from.line = hedge.date("from", h.from.value);
    if (hedge.find("from") == nullptr)
      hedge.missing("from", "add the first day of order, for instance from = 2013-12-18");
    h.to.line = hedge.date("to", h.to.value);
    hedge.integer("days", 1, 60, h.days);
    if (hedge.find("days") == nullptr) hedge.missing("days", "add the days to add, for instance days = 1");
    if (h.from.line != 0 && h.to.line != 0 && h.to.value < h.from.value) {
      hedge.fault(h.to.line, "to", "the last day lies before the first", "put the earlier day first");
    }
    hedge.finish();
    settings.hedges.push_back(h);
  }
  table->finish();
}

/// A list of tiers by name, all when it is absent.
void read_some_tiers(Keys& keys, std::array<bool, tier_count>& tiers) {
  const std::string cure = "write a list such as tiers = [\"express\"]";
  const toml::node* node = keys.find("tiers");
  if (node == nullptr) return;
  tiers.fill(false);
  for (const toml::node* element : keys.array("tiers", cure)) {
    const auto* text = element->as_string();
    auto tier = parse_tier(text == nullptr ? std::string_view() : std::string_view(text->get()));
    if (!tier) {
      keys.fault(line_of(*element), "tiers", std::move(tier.error()));
    } else {
      tiers[static_cast<std::size_t>(*tier)] = true;
    }
  }
  if (const auto* list = node->as_array(); list != nullptr && list->empty()) {
    keys.fault(line_of(*node), "tiers", "the list is empty", "name a tier, or remove the key");
  }
}

void read_bars(Keys& keys, ShipperSettings& settings) {
  for (Keys bar : keys.tables("bar")) {
    BarSettings read;
    read.carrier.line = bar.text("carrier", read.carrier.value);
    if (bar.find("carrier") == nullptr) bar.missing("carrier", "name a carrier of scenario.toml");
    const std::string cure = "write a list such as regions = [\"TX\", \"OK\"]";
    const toml::node* node = bar.find("regions");
    if (node == nullptr) bar.missing("regions", cure);
    for (const toml::node* element : bar.array("regions", cure)) {
      if (const auto* text = element->as_string()) {
        read.regions.push_back({text->get(), line_of(*element)});
      } else {
        bar.fault(line_of(*element), "regions", "this is not a text", cure);
      }
    }
    if (const auto* list = node == nullptr ? nullptr : node->as_array(); list != nullptr && list->empty()) {
      bar.fault(line_of(*node), "regions", "the list is empty", "name a region, or remove the bar");
    }
    read_some_tiers(bar, read.tiers);
    bar.finish();
    settings.bars.push_back(std::move(read));
  }
}

void read_recovery(Keys& keys, Shipper& shipper) {
  auto table = keys.table("recovery");
  if (!table) return;
  RecoveryPlan& plan = shipper.recovery;
  table->choice("when", choices_of<RecoveryWhen>(recovery_when_names), plan.when);
  Cents budget = 0;
  if (table->money("budget", budget) != 0) plan.budget = budget;
  std::vector<std::pair<RecoveryGrade, int>> grades;
  for (Keys grade : table->tables("grade")) {
    RecoveryGrade g;
    grade.read_text("after", parse_duration, g.after);
    if (grade.find("after") == nullptr) {
      grade.missing("after", "add the lateness from which it is given, for instance after = \"0h\"");
    }
    read_some_tiers(grade, g.tiers);
    grade.money("credit", g.credit);
    grade.yes_no("refund_shipping", g.refunds_shipping);
    grade.finish();
    grades.emplace_back(g, grade.line());
  }
  std::stable_sort(grades.begin(), grades.end(),
                   [](const auto& a, const auto& b) { return a.first.after < b.first.after; });
  // What a longer delay takes back could not be given back.
  for (std::size_t i = 0; i < grades.size(); ++i) {
    const auto& [grade, line] = grades[i];
    for (std::size_t k = 0; k < i; ++k) {
      const auto& [earlier, earlier_line] = grades[k];
      bool same_tier = false;
      for (std::size_t t = 0; t < tier_count; ++t) same_tier = same_tier || (grade.tiers[t] && earlier.tiers[t]);
      if (!same_tier) continue;
      const std::string other = "the grade in line " + std::to_string(earlier_line);
      if (grade.after == earlier.after) {
        table->fault(line, "grade.after", "it begins together with " + other,
                     "give the two different tiers, or join them");
      } else if (grade.credit < earlier.credit || (earlier.refunds_shipping && !grade.refunds_shipping)) {
        table->fault(line, "grade", "it gives less than " + other + ", which comes before it",
                     "give at least as much for a longer delay");
      }
    }
    plan.grades.push_back(grade);
  }
  constexpr std::size_t grades_max = 255;
  if (plan.grades.empty() && table->find("grade") == nullptr) {
    table->missing("grade", "add a [[shipper.recovery.grade]]");
  } else if (plan.grades.size() > grades_max) {
    table->fault(table->line(), "grade", "more than 255 grades", "use fewer grades");
    plan.grades.resize(grades_max);
  }
  // A policy cannot take a key away, only set it.
  const auto check_flat = [&](std::string_view key, bool is_on, const char* off) {
    if (!is_on) return;
    keys.fault(line_of(*keys.find(key)), key, "the shipper has a recovery plan as well",
               "remove it, or set it to " + std::string(off) + "; a grade with after = \"0h\" does the same");
  };
  check_flat("recovery_credit", shipper.recovery_credit > 0, "0");
  check_flat("recovery_refunds_shipping", shipper.recovery_refunds_shipping, "false");
  table->finish();
}

void read_guarantees(Keys& keys, ShipperSettings& settings) {
  for (Keys guarantee : keys.tables("guarantee")) {
    GuaranteeSettings g;
    g.line = guarantee.line();
    const std::string cure = "write local date and time, for instance until = \"2013-12-22 23:00\"";
    std::string until;
    if (const int line = guarantee.text("until", until)) {
      const auto words = split_list(until);
      const auto day = parse_date(words.empty() ? std::string_view() : words[0]);
      const auto time = parse_time(words.size() < 2 ? std::string_view() : words[1]);
      if (words.size() != 2 || !day || !time) {
        guarantee.fault(line, "until", in_quotes(until) + " is no local date and time", cure);
      } else {
        g.until_day = {*day, line};
        g.until_time = *time;
      }
    } else if (guarantee.find("until") == nullptr) {
      guarantee.missing("until", cure);
    }
    g.date.line = guarantee.date("date", g.date.value);
    if (guarantee.find("date") == nullptr) guarantee.missing("date", "add the guaranteed day of delivery");
    guarantee.choice("upgrade_to", tier_choices, g.upgrade_to);
    guarantee.finish();
    if (g.until_day.line != 0 && g.date.line != 0 && g.date.value < g.until_day.value) {
      guarantee.fault(g.date.line, "date", "the guaranteed day lies before the last day to order",
                      "correct one of the two");
    }
    settings.guarantees.push_back(g);
  }
}

void read_window(Keys& keys, Shipper& shipper) {
  shipper.window_from = hours(8);
  shipper.window_to = hours(20);
  const toml::node* node = keys.find("window");
  if (node == nullptr) return;
  const std::string cure = "write two times, for instance window = [\"08:00\", \"20:00\"]";
  const std::vector<const toml::node*> nodes = keys.array("window", cure);
  if (!node->is_array()) return;
  if (nodes.size() != 2) {
    keys.fault(line_of(*node), "window", "the list has " + std::to_string(nodes.size()) + " entries", cure);
    return;
  }
  std::array<SimDuration, 2> times{};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto* text = nodes[i]->as_string();
    auto time = parse_time(text == nullptr ? std::string_view() : std::string_view(text->get()));
    if (!time) {
      keys.fault(line_of(*nodes[i]), "window", std::move(time.error()));
      return;
    }
    times[i] = *time;
  }
  if (times[0] >= times[1]) {
    keys.fault(line_of(*node), "window", "the window ends before it begins", "put the earlier time first");
    return;
  }
  shipper.window_from = times[0];
  shipper.window_to = times[1];
}

void read_shipper(Keys keys, Settings& out) {
  ShipperSettings settings;
  settings.line = keys.line();
  Shipper& s = settings.shipper;
  if (keys.read_text("name", parse_name, s.name) == 0 && keys.find("name") == nullptr) {
    keys.missing("name", "give the shipper a name");
  }
  keys.choice("role", {{"retailer", ShipperRole::retailer}, {"background", ShipperRole::background}}, s.role);
  keys.number("orders_per_day", true, 1e9, s.orders_per_day);
  if (keys.find("orders_per_day") == nullptr) keys.missing("orders_per_day", "add the orders of an ordinary day");
  s.hours = default_profile(default_hours);
  s.weekdays = default_profile(default_weekdays);
  read_profile(keys, "hours", s.hours);
  read_profile(keys, "weekdays", s.weekdays);
  std::string season;
  if (const int line = keys.text("season", season)) settings.season = Written<std::string>{season, line};
  s.day_cv = 200'000;
  keys.ppm("day_cv", 10, s.day_cv);
  keys.share("day_correlation", s.day_correlation);
  read_tiers(keys, s);
  s.target_days = {7, 5, 2};
  if (auto targets = keys.table("target_days")) {
    for (std::size_t tier = 0; tier < tier_count; ++tier) {
      targets->integer(tier_names[tier], 1, 60, s.target_days[tier]);
    }
    targets->finish();
  }
  if (auto choice = keys.table("tier_choice")) {
    s.tier_choice = true;
    choice->yes_no("enabled", s.tier_choice);
    choice->number("day_weight", true, 100, s.day_weight);
    choice->number("fee_weight", true, 100, s.fee_weight);
    if (auto fees = choice->table("fees")) {
      for (std::size_t tier = 0; tier < tier_count; ++tier) fees->money(tier_names[tier], s.tier_fees[tier]);
      fees->finish();
    }
    choice->finish();
  }
  const int policy = keys.choice("policy", choices_of<CarrierPolicy>(policy_names), s.policy);
  keys.money("late_penalty", s.late_penalty);
  keys.share("reliability_slack", s.reliability_slack);
  keys.choice("overflow", choices_of<Overflow>(overflow_names), s.overflow);
  keys.yes_no("zone_skip", s.zone_skip);
  read_learning(keys, s.learning);
  read_promise(keys, settings);
  keys.share("cancelled", s.cancelled);
  keys.integer("buffer_days", 0, 60, s.buffer_days);
  read_window(keys, s);
  keys.money("recovery_credit", s.recovery_credit);
  keys.yes_no("recovery_refunds_shipping", s.recovery_refunds_shipping);
  read_tariffs(keys, settings);
  read_bars(keys, settings);
  read_guarantees(keys, settings);
  read_recovery(keys, s);
  const int ship_from = keys.choice("ship_from", choices_of<ShipFrom>(ship_from_names), s.ship_from);
  if (s.ship_from != ShipFrom::served && s.learns()) {
    keys.fault(ship_from, "ship_from",
               "the shipper's nodes learn from the orders they serve, and would miss the others",
               "choose a policy and a promise rule that do not learn, or ship_from = \"served\"");
  }
  if (s.role == ShipperRole::background && s.ship_from != ShipFrom::served) {
    keys.fault(ship_from, "ship_from", "background volume is sent from the node that serves its destination",
               "remove the key, or make the shipper a retailer");
  }
  if (s.role == ShipperRole::background && keys.find("recovery") != nullptr) {
    keys.fault(keys.line(), "recovery", "background volume quotes no promise",
               "remove the table, or make the shipper a retailer");
  }
  if (s.role == ShipperRole::background && s.prefers_reliable()) {
    keys.fault(policy, "policy", "background volume keeps no account of its parcels",
               "choose fixed_split, cheapest_published or diversified, or make the shipper a retailer");
  }
  if (s.role == ShipperRole::background && keys.find("promise") != nullptr) {
    keys.fault(keys.line(), "promise", "background volume quotes no promise",
               "remove the table, or make the shipper a retailer");
  }
  if (s.role == ShipperRole::background && !settings.guarantees.empty()) {
    keys.fault(settings.guarantees.front().line, "guarantee", "background volume quotes no promise",
               "remove the guarantee, or make the shipper a retailer");
  }
  keys.finish();
  out.shippers.push_back(std::move(settings));
}

void read_shopper(Keys keys, ShopperModel& s) {
  keys.yes_no("enabled", s.enabled);
  keys.number("checks_per_order", true, 1'000, s.checks_per_order);
  keys.number("past_promise_factor", true, 1'000, s.past_promise_factor);
  keys.number("silence_factor", true, 1'000, s.silence_factor);
  keys.read_text("silence", parse_positive_duration, s.silence);
  keys.number("contacts_on_time", true, 100, s.contacts_on_time);
  keys.money("contact_cost", s.contact_cost);
  keys.yes_no("notices", s.notices);
  keys.number("notice_effect", true, 1, s.notice_effect);
  keys.yes_no("reviews", s.reviews);
  keys.number("recovery_effect", true, 1, s.recovery_effect);
  keys.finish();
}

void read_won_back(Keys& keys, std::string_view key, WonBack& w, double high) {
  auto table = keys.table(key);
  if (!table) return;
  table->within("apology", -1, high, w.apology);
  table->within("refund", -1, high, w.refund);
  table->within("credit", -1, high, w.credit);
  table->finish();
}

void read_loyalty(Keys keys, LoyaltyModel& m) {
  keys.yes_no("enabled", m.enabled);
  keys.choice("survey", choices_of<SurveyClock>(survey_names), m.survey);
  keys.read_text("survey_wait", parse_duration, m.survey_wait);
  keys.within("asked_before", -10, 10, m.asked_before);
  keys.within("asked_after", -10, 10, m.asked_after);
  keys.number("unhappy_answer", false, 100, m.unhappy_answer);
  keys.number("orders_per_year", false, 1'000, m.orders_per_year);
  keys.number("orders_shape", false, 1'000, m.orders_shape);
  keys.number("failure_delay", true, 100, m.failure_delay);
  const int low = keys.number("failure_delay_low", true, 100, m.failure_delay_low);
  const int high = keys.number("failure_delay_high", true, 100, m.failure_delay_high);
  if (m.failure_delay_low > m.failure_delay_high) {
    keys.fault(std::max({low, high, keys.line()}), "failure_delay_low", "the range ends below its beginning",
               "make failure_delay_low at most failure_delay_high");
  }
  keys.money("margin", m.margin);
  if (const int line = keys.money("credit_full", m.credit_full); line != 0 && m.credit_full == 0) {
    keys.fault(line, "credit_full", "a credit of nothing has no effect", "write an amount above 0");
  }
  keys.yes_no("capped", m.capped);
  // More than all of what was lost is the recovery paradox.
  read_won_back(keys, "satisfaction", m.satisfaction, 2);
  read_won_back(keys, "repurchase", m.repurchase, 2);
  keys.finish();
}

void read_carbon(Keys keys, CarbonModel& c) {
  keys.yes_no("enabled", c.enabled);
  keys.number("road_g_per_tkm", true, 100'000, c.road_g_per_tkm);
  keys.number("air_g_per_tkm", true, 100'000, c.air_g_per_tkm);
  keys.number("stop_g", true, 100'000, c.stop_g);
  keys.finish();
}

/// "template:FILE" names a file beside scenario.toml: run folders keep those, and nothing that lies elsewhere.
Parsed<std::string> parse_format(std::string_view text, const std::filesystem::path& folder) {
  if (text.starts_with(template_prefix)) {
    const std::filesystem::path file = text.substr(template_prefix.size());
    if (file.empty() || file != file.filename() || file == "." || file == "..") {
      return tl::unexpected<Complaint>(
          Complaint{"a template is a file of the scenario's own folder", "write template:FILE, with no folder"});
    }
    std::error_code error;
    if (!std::filesystem::is_regular_file(folder / file, error)) {
      return tl::unexpected<Complaint>(
          Complaint{"there is no file " + in_quotes(file.string()) + " beside scenario.toml", "add it"});
    }
    return std::string(text);
  }
  const std::vector<std::string_view> names(message_formats.begin(), message_formats.end());
  if (std::find(names.begin(), names.end(), text) != names.end()) return std::string(text);
  return tl::unexpected<Complaint>(Complaint{
      "unknown format " + in_quotes(text),
      did_you_mean(text, names, "write " + list_of(names) + ", or template:FILE with a message of your own")});
}

void read_replay(Keys keys, const std::filesystem::path& folder, ReplayDefaults& r) {
  keys.number("scale", false, 10, r.scale);
  const int seconds = keys.number("seconds", false, 1e6, r.seconds);
  const int speed = keys.number("speed", false, 1e9, r.speed);
  if (seconds != 0 && speed != 0) {
    keys.fault(speed, "speed", "both seconds and speed are given", "remove one of the two");
  }
  keys.read_text(
      "format", [&folder](std::string_view t) { return parse_format(t, folder); }, r.format);
  keys.finish();
}

void read_faults(Keys keys, FaultRates& faults) {
  for (std::size_t kind = 1; kind < fault_kinds; ++kind) keys.share(fault_names[kind], faults.rate[kind]);
  keys.integer("seed", 0, std::numeric_limits<std::int64_t>::max(), faults.seed);
  keys.finish();
}

void read_gates(Keys keys, std::vector<GateText>& gates) {
  const std::string cure = "write texts, for instance require = [\"promise_kept >= 0.9\"]";
  for (const toml::node* node : keys.array("require", cure)) {
    if (const auto* text = node->as_string()) {
      gates.push_back({text->get(), std::string(settings_file), line_of(*node)});
    } else {
      keys.fault(line_of(*node), "require", "this is not a text", cure);
    }
  }
  keys.finish();
}

void check_names_differ(const Settings& settings, Faults& faults) {
  const auto check = [&](const auto& things, std::string_view field, const auto& name_of) {
    for (std::size_t i = 0; i < things.size(); ++i) {
      const std::string& name = name_of(things[i]);
      const auto same = [&](const auto& other) { return !name.empty() && name_of(other) == name; };
      const auto end = things.begin() + static_cast<std::ptrdiff_t>(i);
      if (const auto first = std::find_if(things.begin(), end, same); first != end) {
        faults.add(settings_file, things[i].line, field,
                   in_quotes(name) + " stands twice, first in line " + std::to_string(first->line),
                   "rename or remove one of the two");
      }
    }
  };
  check(settings.carriers, "carrier.name", [](const auto& c) -> const std::string& { return c.carrier.name; });
  check(settings.shippers, "shipper.name", [](const auto& s) -> const std::string& { return s.shipper.name; });
  if (settings.carriers.size() > 255) {
    faults.add(settings_file, settings.carriers[255].line, "carrier", "more than 255 carriers", "use fewer carriers");
  }
  if (settings.shippers.size() > 255) {
    faults.add(settings_file, settings.shippers[255].line, "shipper", "more than 255 shippers", "use fewer shippers");
  }
}

}  // namespace

Parsed<Tier> parse_tier(std::string_view text) {
  for (const auto& [name, tier] : tier_choices) {
    if (name == text) return tier;
  }
  return tl::unexpected<Complaint>(Complaint{"unknown tier " + in_quotes(text), "write economy, standard or express"});
}

std::vector<Ppm> scaled_to_mean_one(const std::vector<Ppm>& factors) {
  const std::uint64_t sum = std::accumulate(factors.begin(), factors.end(), std::uint64_t{0});
  const std::uint64_t total = std::uint64_t{ppm_one} * factors.size();
  std::vector<Ppm> scaled;
  std::vector<std::pair<std::uint64_t, std::size_t>> remainders;
  std::uint64_t given = 0;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    // factor_max * 10^6 * 24 * 10^6 < 2.5e16: fits.
    const std::uint64_t product = factors[i] * total;
    scaled.push_back(static_cast<Ppm>(product / sum));
    given += product / sum;
    remainders.emplace_back(product % sum, factors.size() - i);
  }
  std::sort(remainders.rbegin(), remainders.rend());
  for (std::size_t k = 0; k < total - given; ++k) ++scaled[factors.size() - remainders[k].second];
  return scaled;
}

std::optional<Settings> read_settings(const std::filesystem::path& folder, const std::string& name, Faults& faults,
                                      const Overlay* overlay) {
  const auto text = read_text(folder / settings_file);
  if (!text) {
    faults.add(settings_file, 0, "", text.error());
    return std::nullopt;
  }
  toml::table parsed;
  try {
    parsed = toml::parse(std::string_view(*text));
  } catch (const toml::parse_error& error) {
    faults.add(settings_file, static_cast<int>(error.source().begin.line), "", std::string(error.description()),
               "mend the TOML syntax; see toml.io");
    return std::nullopt;
  }
  if (overlay != nullptr) overlay->change(parsed);

  Settings out;
  Keys root(parsed, "", faults);
  if (auto keys = root.table("scenario")) {
    read_scenario(*std::move(keys), name, out);
  } else if (root.find("scenario") == nullptr) {
    root.missing("scenario", "add the table [scenario]");
  }
  read_sizes(root, out);
  for (Keys& keys : root.tables("carrier")) read_carrier(std::move(keys), out);
  for (Keys& keys : root.tables("shipper")) read_shipper(std::move(keys), out);
  if (out.carriers.empty() && root.find("carrier") == nullptr) root.missing("carrier", "add a [[carrier]]");
  if (out.shippers.empty() && root.find("shipper") == nullptr) root.missing("shipper", "add a [[shipper]]");
  if (auto keys = root.table("shopper")) read_shopper(*std::move(keys), out.shopper);
  if (auto keys = root.table("loyalty")) read_loyalty(*std::move(keys), out.loyalty);
  if (auto keys = root.table("carbon")) read_carbon(*std::move(keys), out.carbon);
  if (auto keys = root.table("replay")) read_replay(*std::move(keys), folder, out.replay);
  if (auto keys = root.table("faults")) read_faults(*std::move(keys), out.replay.faults);
  if (auto keys = root.table("gate")) read_gates(*std::move(keys), out.gates);
  root.finish();
  check_names_differ(out, faults);
  return out;
}

}  // namespace peakstorm::scenarios
