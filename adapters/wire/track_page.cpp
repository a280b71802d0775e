#include <simdjson.h>

#include <limits>

#include "adapters/wire/hmac.hpp"
#include "adapters/wire/template/pieces.hpp"
#include "adapters/wire/text.hpp"
#include "adapters/wire_format.hpp"

namespace peakstorm::wire {
namespace {

namespace dom = simdjson::dom;

tl::unexpected<Error> malformed(std::string what) {
  return fail(ErrorKind::malformed_reply, "GET /track: " + std::move(what));
}

/// A member that may be absent or null; anything but a string otherwise is a fault.
Result<std::optional<std::string_view>> optional_text(const dom::object& object, std::string_view name) {
  dom::element value;
  if (object[name].get(value) != simdjson::SUCCESS || value.is_null()) return std::optional<std::string_view>{};
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return malformed("'" + std::string(name) + "' is not a string");
  return std::optional(text);
}

Result<std::string_view> text_member(const dom::object& object, std::string_view name) {
  const auto text = optional_text(object, name);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return malformed("'" + std::string(name) + "' is missing");
  return **text;
}

Result<std::int64_t> instant_of(std::string_view text, std::string_view name) {
  const auto instant = parse_instant(text);
  if (!instant) return malformed("'" + std::string(name) + "' is not an instant: '" + std::string(text) + "'");
  return *instant;
}

Result<std::optional<Day>> day_member(const dom::object& page, std::string_view name, std::int64_t first_day_unix) {
  const auto text = optional_text(page, name);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return std::optional<Day>();
  const auto date = parse_date(**text);
  if (!date) return malformed("'" + std::string(name) + "' is not a date: '" + std::string(**text) + "'");
  const std::int64_t day = *date - unix_day(first_day_unix, 0);
  if (day < std::numeric_limits<Day>::min() || day > std::numeric_limits<Day>::max()) {
    return malformed("'" + std::string(name) + "' is out of range");
  }
  return std::optional(static_cast<Day>(day));
}

Result<ShownScan> shown_scan(dom::element element) {
  dom::object object;
  if (element.get(object) != simdjson::SUCCESS) return malformed("'scans' has an entry that is not an object");
  ShownScan scan;
  const auto text = text_member(object, "kind");
  if (!text) return tl::unexpected(text.error());
  const auto kind = kind_of_name(*text);
  if (!kind) return malformed("'kind' is the unknown word '" + std::string(*text) + "'");
  scan.kind = *kind;
  const auto at = text_member(object, "at").and_then([](std::string_view value) { return instant_of(value, "at"); });
  if (!at) return tl::unexpected(at.error());
  scan.unix_ms = *at;
  const auto place = optional_text(object, "place");
  if (!place) return tl::unexpected(place.error());
  scan.place = place->value_or("");
  return scan;
}

}  // namespace

Result<ShownParcel> decode_track_page(ParcelId parcel, unsigned status, std::string_view body,
                                      std::int64_t first_day_unix) {
  ShownParcel shown;
  shown.parcel = parcel;
  if (status == 404) return shown;
  if (status != 200) return malformed("status " + std::to_string(status) + " instead of 200 or 404");

  thread_local dom::parser parser;  // Keeps its buffers; pages are read by the hundred thousand.
  dom::object page;
  if (const auto error = parser.parse(body.data(), body.size()).get(page); error != simdjson::SUCCESS) {
    return malformed(std::string("no JSON object: ") + simdjson::error_message(error));
  }
  const auto status_text = optional_text(page, "status");
  if (!status_text) return tl::unexpected(status_text.error());
  if (*status_text) {
    const auto kind = kind_of_name(**status_text);
    if (!kind) return malformed("'status' is the unknown word '" + std::string(**status_text) + "'");
    shown.found = true;
    shown.status = *kind;
  }

  for (const auto& [name, into] :
       {std::pair("promise_date", &shown.promise_day), std::pair("estimated_date", &shown.estimated_day)}) {
    const auto told = day_member(page, name, first_day_unix);
    if (!told) return tl::unexpected(told.error());
    *into = *told;
  }
  const auto delivered = optional_text(page, "delivered_at");
  if (!delivered) return tl::unexpected(delivered.error());
  if (*delivered) {
    const auto at = instant_of(**delivered, "delivered_at");
    if (!at) return tl::unexpected(at.error());
    shown.delivered_unix_ms = *at;
  }

  dom::array scans;
  if (page["scans"].get(scans) != simdjson::SUCCESS) return malformed("'scans' is not an array");
  shown.scans.reserve(scans.size());
  for (const dom::element element : scans) {
    auto scan = shown_scan(element);
    if (!scan) return tl::unexpected(scan.error());
    shown.scans.push_back(std::move(*scan));
  }
  return shown;
}

void append_promise(const World& world, const ParcelFacts& facts, std::string_view tracking_number, std::string& out,
                    bool another_order) {
  const Destination& destination = world.destinations[index(facts.destination)];
  const auto append_time = [&out](SimDuration time_of_day) {
    const std::int64_t minutes = time_of_day.count() / 60'000;
    const auto two = [](std::int64_t n) {
      return std::string{static_cast<char>('0' + n / 10), static_cast<char>('0' + n % 10)};
    };
    out += '"' + two(minutes / 60) + ':' + two(minutes % 60) + '"';
  };
  out += R"({"tracking_number":)";
  append_json_string(out, tracking_number);
  // Another order under a known number is how a platform learns that the carrier uses the number again.
  out += R"(,"order_number":")";
  append_hex64(out, static_cast<std::uint64_t>(facts.id));
  if (another_order) out += "-2";
  out += R"(","promise_date":)";
  if (another_order || facts.promise_day == no_day) {
    out += R"(null,"window_from":null,"window_to":null)";
  } else {
    out += '"';
    append_date(out, unix_day(world, facts.promise_day));
    out += R"(","window_from":)";
    append_time(facts.window_from);
    out += R"(,"window_to":)";
    append_time(facts.window_to);
  }
  out += R"(,"destination":)";
  append_json_string(out, destination.name);
  out += R"(,"time_zone":)";
  append_json_string(out, world.zones[index(destination.zone)].name);
  out += '}';
}

Message promises_message(std::string_view elements, std::string_view secret) {
  Message message;
  message.method = "PUT";
  message.path = "/parcels";
  message.headers = "Content-Type: application/json\r\n";
  message.body = R"({"parcels":[)";
  message.body += elements;
  message.body += "]}";
  if (!secret.empty()) {
    message.headers += "X-Hmac-Signature: hmac-sha256-hex=";
    HmacSha256(secret).append_hex(message.body, message.headers);
    message.headers += "\r\n";
  }
  return message;
}

std::string track_path(std::string_view tracking_number) {
  std::string path = "/track/";
  append_percent_encoded(path, tracking_number);
  return path;
}

}  // namespace peakstorm::wire
