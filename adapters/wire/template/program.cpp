#include "adapters/wire/template/program.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>

#include "adapters/wire/template/fields.hpp"
#include "adapters/wire/text.hpp"
#include "engine/check.hpp"
#include "engine/hex.hpp"

namespace peakstorm::wire {
namespace {

/// Ounces with one decimal, half up. 1 oz is 28.349523125 g exactly.
std::string ounces(std::uint32_t grams) {
  const std::uint64_t tenths = (std::uint64_t{grams} * 1'000'000'000 * 10 + 28'349'523'125 / 2) / 28'349'523'125;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

std::string slug(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const auto lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) {
      out += lower;
    } else if (!out.empty() && out.back() != '_') {
      out += '_';
    }
  }
  while (out.ends_with('_')) out.pop_back();
  return out.empty() ? "carrier" : out;
}

bool is_state(std::string_view region) {
  return region.size() == 2 && region[0] >= 'A' && region[0] <= 'Z' && region[1] >= 'A' && region[1] <= 'Z';
}

/// Kinds after which nothing moves until the shopper or the shipper does something.
bool needs_action(ScanKind kind) {
  return kind == ScanKind::attempted || kind == ScanKind::ready_pickup || kind == ScanKind::customs_held ||
         kind == ScanKind::misrouted;
}

/// Nothing to tell where the platform has no word.
Text word(std::string_view text) {
  return text.empty() ? Text() : Text(text);
}

}  // namespace

void append_escaped(std::string& out, std::string_view text, Escape escape) {
  switch (escape) {
    case Escape::json:
      append_json_content(out, text);
      break;
    case Escape::percent:
      append_percent_encoded(out, text);
      break;
    case Escape::none:
      out += text;
      break;
  }
}

Text::Text(std::string_view text) : told_(true) {
  for (std::size_t i = 0; i < escape_count; ++i) append_escaped(forms_[i], text, static_cast<Escape>(i));
}

ShownKinds shown_of(const Vocabulary& words) {
  ShownKinds kinds{};
  for (std::size_t i = 1; i < scan_kind_end; ++i) kinds[i] = words[i].shown;
  return kinds;
}

WorldTexts::WorldTexts(const World& world, const Vocabulary& words, std::span<const CarrierName> names)
    : world_(world), keys_(world), first_day_unix_ms_(world.first_day_unix * 1000) {
  for (const Carrier& carrier : world.carriers) {
    const auto known =
        std::find_if(names.begin(), names.end(), [&](const CarrierName& n) { return n.ours == carrier.name; });
    CarrierTexts texts;
    texts.name = Text(known == names.end() || known->theirs.empty() ? carrier.name : known->theirs);
    texts.slug = Text(slug(carrier.name));
    if (known != names.end()) texts.number = known->number;
    carriers_.push_back(std::move(texts));
  }
  for (const Facility& f : world.facilities) places_.push_back(place_texts(f.name, f.region, f.zone));
  for (const ShipNode& n : world.nodes) places_.push_back(place_texts(n.name, n.region, n.zone));
  for (const Destination& d : world.destinations) {
    doorsteps_.push_back(place_texts({}, d.region, d.zone));
    destinations_.emplace_back(d.name);
  }
  for (const Service& service : world.services) services_.emplace_back(service.name);
  for (const TimeZone& zone : world.zones) zones_.emplace_back(zone.name);
  for (const SizeClass& size : world.sizes) {
    Weight weight{size.weight_g, ounces(size.weight_g), {}};
    weight.ounces_short = weight.ounces;
    if (weight.ounces_short.ends_with(".0")) weight.ounces_short.resize(weight.ounces_short.size() - 2);
    weights_.push_back(std::move(weight));
  }
  for (std::size_t i = 0; i < scan_kind_end; ++i) {
    KindTexts& texts = kinds_[i];
    if (i > 0) {
      texts.name = Text(scan_kind_names[i]);
      texts.text = Text(easypost_status(static_cast<ScanKind>(i)).message);
    } else {
      texts.text = Text("No status yet");
    }
    texts.status = word(words[i].status);
    texts.detail = word(words[i].detail);
    texts.code = word(words[i].code);
  }
}

WorldTexts::PlaceTexts WorldTexts::place_texts(std::string_view name, RegionId region, ZoneId zone) const {
  const std::string& region_name = world_.regions[index(region)].name;
  PlaceTexts texts;
  texts.name = word(name);
  texts.region = Text(region_name);
  if (is_state(region_name)) texts.state = Text(region_name);
  texts.zone = zone;
  return texts;
}

// ---- values ----

struct Renderer::Value {
  enum class Kind : std::uint8_t { none, text, raw, number, decimal, instant, date, minute, id };
  Kind kind = Kind::none;
  const Text* text = nullptr;
  std::string_view raw;
  std::int64_t number = 0;  // Also Unix ms of an instant, Unix day of a date, ms of the day.
  std::uint64_t low = 0;    // Second half of an id.
  SimDuration offset{};     // Of an instant.
};

void Renderer::begin(const ParcelView& parcel, std::string_view payload) {
  parcel_ = &parcel;
  payload_ = payload;
  history_ = parcel.history.empty() ? std::span<const Scan>(&parcel.scan, 1) : parcel.history;
  key_ = texts_.keys_.of(parcel.facts.id);
}

const WorldTexts::PlaceTexts& Renderer::place_of(const Scan& scan) const {
  return scan.place == no_place ? texts_.doorsteps_[index(parcel_->facts.destination)]
                                : texts_.places_[index(scan.place)];
}

Renderer::Value Renderer::text_or_none(const Text& text) const {
  Value value;
  if (!text.told()) return value;
  value.kind = Value::Kind::text;
  value.text = &text;
  return value;
}

Renderer::Value Renderer::instant(SimTime at, ZoneId zone) const {
  Value value;
  value.kind = Value::Kind::instant;
  value.number = texts_.first_day_unix_ms_ + at.time_since_epoch().count();
  value.offset = texts_.world_.zones[index(zone)].offset_at(at);
  return value;
}

/// As wire::status_after, over scans.
std::optional<ScanKind> Renderer::status_without(const Scan* without) const {
  std::size_t retractions = 0;
  for (std::size_t i = history_.size(); i > 0; --i) {
    const Scan& scan = history_[i - 1];
    if (without != nullptr && scan.sequence == without->sequence) continue;
    if (scan.kind == ScanKind::retracted) {
      ++retractions;
    } else if (scan.kind == ScanKind::delivered && retractions > 0) {
      --retractions;
    } else if (is_milestone(scan.kind)) {
      return scan.kind;
    }
  }
  return std::nullopt;
}

/// What happened last, apart from new dates.
const Scan& Renderer::newest() const {
  for (std::size_t i = history_.size(); i > 0; --i) {
    if (history_[i - 1].kind != ScanKind::eta_changed) return history_[i - 1];
  }
  return history_.back();
}

Renderer::Value Renderer::words_of(Field field, const WorldTexts::KindTexts& kind) const {
  switch (field) {
    case Field::status_kind:
    case Field::scan_kind:
      return text_or_none(kind.name);
    case Field::status_status:
    case Field::before_status:
    case Field::scan_status:
      return text_or_none(kind.status);
    case Field::status_detail:
    case Field::scan_detail:
      return text_or_none(kind.detail);
    case Field::status_code:
    case Field::scan_code:
      return text_or_none(kind.code);
    default:
      return text_or_none(kind.text);
  }
}

Renderer::Value Renderer::value_of(const Step& step, const Scan& scan) const {
  const ParcelFacts& facts = parcel_->facts;
  const World& world = texts_.world_;
  const auto number = [](std::int64_t n) {
    Value value;
    value.kind = Value::Kind::number;
    value.number = n;
    return value;
  };
  const auto date = [&](std::uint16_t day) {
    Value value;
    if (day == no_day) return value;
    value.kind = Value::Kind::date;
    value.number = unix_day(world, day);
    return value;
  };
  const auto minute = [&](SimDuration time) {
    Value value;
    if (facts.promise_day == no_day) return value;
    value.kind = Value::Kind::minute;
    value.number = time.count();
    return value;
  };
  const auto raw = [](std::string_view text, Value::Kind kind) {
    Value value;
    value.kind = kind;
    value.raw = text;
    return value;
  };
  const auto flag = [&](bool yes) { return raw(yes ? "true" : "false", Value::Kind::decimal); };
  const auto id = [](std::uint64_t high, std::uint64_t low) {
    Value value;
    value.kind = Value::Kind::id;
    value.number = static_cast<std::int64_t>(high);
    value.low = low;
    return value;
  };
  const auto carrier = [&]() -> const WorldTexts::CarrierTexts& {
    return texts_.carriers_[index(world.services[index(facts.service)].carrier)];
  };
  const Destination& destination = world.destinations[index(facts.destination)];

  switch (step.field) {
    case Field::tracking_number:
      return raw(parcel_->tracking_number, Value::Kind::raw);
    case Field::carrier:
      return text_or_none(carrier().name);
    case Field::carrier_slug:
      return text_or_none(carrier().slug);
    case Field::carrier_number:
      return carrier().number == 0 ? Value{} : number(carrier().number);
    case Field::service:
      return text_or_none(texts_.services_[index(facts.service)]);
    case Field::key:
      return id(key_, mix64(key_));
    case Field::ordered:
      return instant(facts.ordered, world.nodes[index(facts.node)].zone);
    case Field::promise_date:
      return date(facts.promise_day);
    case Field::window_from:
      return minute(facts.window_from);
    case Field::window_to:
      return minute(facts.window_to);
    case Field::destination:
      return text_or_none(texts_.destinations_[index(facts.destination)]);
    case Field::destination_region:
      return text_or_none(texts_.doorsteps_[index(facts.destination)].region);
    case Field::destination_zone:
      return text_or_none(texts_.zones_[index(destination.zone)]);
    case Field::weight_g:
      return facts.size < texts_.weights_.size() ? number(texts_.weights_[facts.size].grams) : Value{};
    case Field::weight_oz: {
      if (facts.size >= texts_.weights_.size()) return {};
      const WorldTexts::Weight& weight = texts_.weights_[facts.size];
      return raw(step.filter == Filter::shortest ? weight.ounces_short : weight.ounces, Value::Kind::decimal);
    }
    case Field::eta: {
      const auto last =
          std::find_if(history_.rbegin(), history_.rend(), [](const Scan& s) { return s.eta_day != no_day; });
      return last == history_.rend() ? Value{} : date(last->eta_day);
    }
    case Field::eta_first: {
      const auto first =
          std::find_if(history_.begin(), history_.end(), [](const Scan& s) { return s.eta_day != no_day; });
      return first == history_.end() ? Value{} : date(first->eta_day);
    }
    case Field::delivered_at: {
      if (status_without(nullptr) != ScanKind::delivered) return {};
      const auto last =
          std::find_if(history_.rbegin(), history_.rend(), [](const Scan& s) { return s.kind == ScanKind::delivered; });
      return last == history_.rend() ? Value{} : instant(last->at, destination.zone);
    }
    case Field::status_kind:
    case Field::status_status:
    case Field::status_detail:
    case Field::status_code:
    case Field::status_text: {
      const auto kind = status_without(nullptr);
      return words_of(step.field, texts_.kinds_[kind ? index(*kind) : 0]);
    }
    case Field::before_status: {
      const auto kind = status_without(&parcel_->scan);
      return kind ? words_of(step.field, texts_.kinds_[index(*kind)]) : Value{};
    }
    case Field::status_action: {
      const auto kind = status_without(nullptr);
      return flag(kind && needs_action(*kind));
    }
    case Field::status_is_new: {
      const auto kind = status_without(nullptr);
      const auto before = status_without(&parcel_->scan);
      return flag(kind && (!before || texts_.kinds_[index(*kind)].status.as(Escape::json) !=
                                          texts_.kinds_[index(*before)].status.as(Escape::json)));
    }
    case Field::payload:
      return raw(payload_, Value::Kind::raw);
    case Field::scan_id:
      return id(hash64(key_, scan.sequence), hash64(scan.sequence, key_));
    case Field::scan_sequence:
      return number(scan.sequence);
    case Field::scan_at:
      return instant(scan.at, place_of(scan).zone);
    case Field::scan_reported:
      return instant(scan.reported, place_of(scan).zone);
    case Field::scan_place:
      return text_or_none(place_of(scan).name);
    case Field::scan_region:
      return text_or_none(place_of(scan).region);
    case Field::scan_state:
      return text_or_none(place_of(scan).state);
    case Field::scan_zone:
      return text_or_none(texts_.zones_[index(place_of(scan).zone)]);
    case Field::scan_eta:
      return date(scan.eta_day);
    case Field::scan_kind:
    case Field::scan_status:
    case Field::scan_detail:
    case Field::scan_code:
    case Field::scan_text:
      return words_of(step.field, texts_.kinds_[index(scan.kind)]);
    case Field::scan_action:
      return flag(needs_action(scan.kind));
    case Field::scan_delivered_at:
      return scan.kind == ScanKind::delivered ? instant(scan.at, place_of(scan).zone) : Value{};
    case Field::last_at:
      return instant(newest().at, place_of(newest()).zone);
    case Field::last_place:
      return text_or_none(place_of(newest()).name);
    case Field::last_region:
      return text_or_none(place_of(newest()).region);
    case Field::last_state:
      return text_or_none(place_of(newest()).state);
  }
  return {};
}

namespace {

void append_instant(std::string& out, std::int64_t unix_ms, SimDuration offset, Filter filter) {
  const std::int64_t minutes = offset.count() / 60'000;
  const std::int64_t local_ms = unix_ms + minutes * 60'000;
  switch (filter) {
    case Filter::rfc3339_s:
      append_reading(out, unix_ms);
      out += 'Z';
      break;
    case Filter::local:
      append_local(out, unix_ms, offset);
      break;
    case Filter::local_s:
      append_reading(out, local_ms);
      append_offset(out, minutes, ':');
      break;
    case Filter::naive:
      append_reading(out, local_ms);
      break;
    case Filter::naive_utc:
      append_reading(out, unix_ms);
      break;
    case Filter::unix_s:
      append_integer(out, floor_div(unix_ms, 1000));
      break;
    case Filter::unix_ms:
      append_integer(out, unix_ms);
      break;
    case Filter::date:
      append_date(out, floor_div(local_ms, 86'400'000));
      break;
    case Filter::time:
      append_time_of_day(out, local_ms, true);
      break;
    case Filter::hhmmss:
      append_compact_time(out, local_ms);
      break;
    case Filter::yyyymmdd:
      append_compact_date(out, floor_div(local_ms, 86'400'000));
      break;
    case Filter::utc_hhmmss:
      append_compact_time(out, unix_ms);
      break;
    case Filter::utc_yyyymmdd:
      append_compact_date(out, floor_div(unix_ms, 86'400'000));
      break;
    case Filter::offset:
      append_offset(out, minutes, ':');
      break;
    case Filter::offset_dot:
      append_offset(out, minutes, '.');
      break;
    case Filter::offset_minutes:
      append_integer(out, minutes);
      break;
    default:
      append_utc(out, unix_ms);
      break;
  }
}

}  // namespace

/// False, and nothing appended, when there is nothing to tell.
bool Renderer::append_value(const Step& step, const Value& value, std::string& out) const {
  if (value.kind == Value::Kind::none) return false;
  if (step.quoted) out += '"';
  switch (value.kind) {
    case Value::Kind::none:
      break;
    case Value::Kind::text:
      out += value.text->as(step.filter == Filter::url ? Escape::percent : step.escape);
      break;
    case Value::Kind::raw:
      append_escaped(out, value.raw, step.filter == Filter::url ? Escape::percent : step.escape);
      break;
    case Value::Kind::number:
      append_integer(out, value.number);
      break;
    case Value::Kind::decimal:
      out += value.raw;
      break;
    case Value::Kind::instant:
      append_instant(out, value.number, value.offset, step.filter);
      break;
    case Value::Kind::date:
      if (step.filter == Filter::yyyymmdd) {
        append_compact_date(out, value.number);
      } else {
        append_date(out, value.number);
        if (step.filter == Filter::midnight_z) out += "T00:00:00Z";
      }
      break;
    case Value::Kind::minute:
      if (step.filter == Filter::hhmmss) {
        append_compact_time(out, value.number);
      } else {
        append_time_of_day(out, value.number, false);
      }
      break;
    case Value::Kind::id: {
      const auto high = static_cast<std::uint64_t>(value.number);
      if (step.filter == Filter::uuid) {
        append_uuid(out, high, value.low);
      } else {
        append_hex64(out, high);
        append_hex64(out, value.low);
      }
      break;
    }
  }
  if (step.quoted) out += '"';
  return true;
}

// ---- Protobuf ----

namespace {

/// Puts the length of what stands behind `from` before it.
void put_length(std::string& out, std::size_t from) {
  std::string length;  // Short enough to need no memory.
  append_varint(length, out.size() - from);
  out.insert(from, length);
}

void append_timestamp(std::string& out, std::int64_t unix_ms) {
  const std::int64_t seconds = floor_div(unix_ms, 1000);
  const std::int64_t nanos = (unix_ms - seconds * 1000) * 1'000'000;
  const std::size_t from = out.size();
  if (seconds != 0) {
    out += '\x08';  // int64 seconds = 1
    append_whole(out, seconds, NumberForm::varint);
  }
  if (nanos != 0) {
    out += '\x10';  // int32 nanos = 2
    append_whole(out, nanos, NumberForm::varint);
  }
  put_length(out, from);
}

}  // namespace

/// Requires: something to tell, and a program that was checked: the text is a number, or a name of the enumeration.
void Renderer::append_number(const Program& program, const Step& step, const Value& value, std::string& out) {
  number_.clear();
  append_value(step, value, number_);
  const char* const end = number_.data() + number_.size();
  switch (step.form) {
    case NumberForm::boolean:
      out += number_ == "true" ? '\1' : '\0';
      return;
    case NumberForm::enumeration: {
      const EnumNames& names = program.enums[step.end];
      const auto found =
          std::lower_bound(names.begin(), names.end(), number_,
                           [](const auto& named, const std::string& word) { return named.first < word; });
      PEAKSTORM_CHECK(found != names.end() && found->first == number_, number_);
      return append_whole(out, found->second, step.form);
    }
    case NumberForm::float32:
    case NumberForm::float64: {
      double real = 0;
      PEAKSTORM_CHECK(std::from_chars(number_.data(), end, real).ptr == end, number_);
      return append_real(out, real, step.form);
    }
    default: {
      std::int64_t whole = 0;
      PEAKSTORM_CHECK(std::from_chars(number_.data(), end, whole).ptr == end, number_);
      return append_whole(out, whole, step.form);
    }
  }
}

// ---- running ----

void Renderer::append(const Program& program, std::string& out) {
  PEAKSTORM_CHECK(parcel_ != nullptr, program.steps.size());
  run(program, 0, program.steps.size(), parcel_->scan, out);
}

void Renderer::run(const Program& program, std::size_t from, std::size_t to, const Scan& scan, std::string& out) {
  const auto separate = [&out] {
    if (out.back() != '{' && out.back() != '[') out += ',';
  };
  for (std::size_t i = from; i < to; ++i) {
    const Step& step = program.steps[i];
    switch (step.kind) {
      case Step::Kind::literal:
        out.append(program.text, step.from, step.size);
        break;
      case Step::Kind::separator:
        separate();
        break;
      case Step::Kind::field:
        if (!append_value(step, value_of(step, scan), out) && step.nullable) out += "null";
        break;
      case Step::Kind::optional: {
        const Value value = value_of(step, scan);
        if (value.kind == Value::Kind::none) break;
        if (step.separated) separate();
        out.append(program.text, step.from, step.size);
        append_value(step, value, out);
        break;
      }
      case Step::Kind::loop: {
        const std::size_t count = history_.size();
        for (std::size_t k = 0; k < count; ++k) {
          const Scan& told = history_[step.reversed ? count - 1 - k : k];
          if (!texts_.kinds_[index(told.kind)].status.told()) continue;
          run(program, i + 1, step.end, told, out);
        }
        i = step.end - 1;
        break;
      }
      case Step::Kind::part:
        out.append(program.text, step.from, step.size);
        parts_.push_back(out.size());
        break;
      case Step::Kind::part_end: {
        const std::size_t begun = parts_.back();
        parts_.pop_back();
        if (step.drops_empty && out.size() == begun) {
          out.resize(begun - step.size);
        } else {
          put_length(out, begun);
        }
        break;
      }
      case Step::Kind::proto_text:
      case Step::Kind::proto_number:
      case Step::Kind::proto_instant: {
        const Value value = value_of(step, scan);
        if (value.kind == Value::Kind::none) break;
        out.append(program.text, step.from, step.size);
        if (step.kind == Step::Kind::proto_number) {
          append_number(program, step, value, out);
        } else if (step.kind == Step::Kind::proto_instant) {
          append_timestamp(out, value.number);
        } else {
          const std::size_t begun = out.size();
          append_value(step, value, out);
          put_length(out, begun);
        }
        break;
      }
    }
  }
}

}  // namespace peakstorm::wire
