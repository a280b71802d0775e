#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "adapters/track_page.hpp"
#include "adapters/wire/hmac.hpp"
#include "adapters/wire/template/pieces.hpp"
#include "adapters/wire/text.hpp"
#include "adapters/wire_format.hpp"
#include "engine/notices.hpp"

namespace peakstorm::wire {
namespace {

namespace dom = simdjson::dom;

/// A page that cannot be understood, with the request that it answers.
class Reader {
 public:
  Reader(const TrackPage& page, std::int64_t first_day_unix) : page_(page), first_day_unix_(first_day_unix) {}

  [[nodiscard]] tl::unexpected<Error> malformed(const std::string& what) const {
    std::string path = page_.path;
    // The number stands for nothing here, and the embedded endpoint's page is known by its folder.
    if (path.ends_with("/{number}")) path.erase(path.rfind('/'));
    return fail(ErrorKind::malformed_reply, page_.method + " " + path + ": " + what);
  }

  Result<void> parcel(dom::element root, ShownParcel& shown) const {
    const auto status = word(root, page_.status);
    if (!status) return tl::unexpected(status.error());
    if (*status) {
      const auto kind = kind_of(page_.status_words, **status);
      if (!kind) return malformed(named(page_.status.front()) + " is the unknown word '" + **status + "'");
      // A word that stands for no kind says as much as no status at all.
      shown.found = kind->has_value();
      if (*kind) shown.status = **kind;
    }
    for (const auto& [pointer, into] :
         {std::pair(&page_.promise_date, &shown.promise_day), std::pair(&page_.estimated_date, &shown.estimated_day)}) {
      if (!*pointer) continue;
      const auto told = day(root, **pointer);
      if (!told) return tl::unexpected(told.error());
      *into = *told;
    }
    if (auto read = scans(root, shown.scans); !read) return read;
    if (!page_.delivered_at) {
      if (shown.found && shown.status == ScanKind::delivered) shown.delivered_unix_ms = standing_delivery(shown.scans);
      return {};
    }
    const auto delivered = instant(root, *page_.delivered_at);
    if (!delivered) return tl::unexpected(delivered.error());
    shown.delivered_unix_ms = *delivered;
    return {};
  }

 private:
  static std::string named(const std::string& pointer) {
    return "'" + (pointer.empty() ? pointer : pointer.substr(1)) + "'";
  }

  /// None where there is nothing, or null.
  static std::optional<dom::element> member(dom::element object, const std::string& pointer) {
    dom::element value;
    if (object.at_pointer(pointer).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
    return value;
  }

  /// A text, or a whole number as one.
  [[nodiscard]] Result<std::optional<std::string>> text(dom::element object, const std::string& pointer) const {
    const auto value = member(object, pointer);
    if (!value) return std::optional<std::string>();
    std::string_view text;
    if (value->get(text) == simdjson::SUCCESS) return std::optional(std::string(text));
    std::int64_t number = 0;
    if (value->get(number) == simdjson::SUCCESS) return std::optional(std::to_string(number));
    return malformed(named(pointer) + " is not a string");
  }

  /// Several texts joined; none when the first is not there, "" for a further one that is not.
  [[nodiscard]] Result<std::optional<std::string>> word(dom::element object,
                                                        const std::vector<std::string>& pointers) const {
    auto joined = text(object, pointers.front());
    for (std::size_t i = 1; i < pointers.size() && joined && *joined; ++i) {
      auto further = text(object, pointers[i]);
      if (!further) return further;
      **joined += '/';
      **joined += further->value_or("");
    }
    return joined;
  }

  /// None: an unknown word. A known word may stand for no kind.
  static std::optional<std::optional<ScanKind>> kind_of(const PageWords& words, const std::string& word) {
    if (words.easypost) {
      const std::size_t slash = word.find('/');
      const auto kind = kind_of_easypost(std::string_view(word).substr(0, slash),
                                         slash == std::string::npos ? "" : std::string_view(word).substr(slash + 1));
      if (!kind) return std::nullopt;
      return std::optional<std::optional<ScanKind>>(std::in_place, kind);
    }
    for (const auto& [known, kind] : words.kinds) {
      if (known == word) return std::optional<std::optional<ScanKind>>(std::in_place, kind);
    }
    return std::nullopt;
  }

  [[nodiscard]] Result<std::optional<std::int64_t>> instant(dom::element object, const std::string& pointer) const {
    const auto value = member(object, pointer);
    if (!value) return std::optional<std::int64_t>();
    std::optional<std::int64_t> unix_ms;
    std::string_view text;
    if (page_.instants == TrackPage::Instants::rfc3339) {
      if (value->get(text) != simdjson::SUCCESS) return malformed(named(pointer) + " is not a string");
      unix_ms = parse_instant(text);
      if (!unix_ms) {
        return malformed(named(pointer) + " is not an instant with its zone: '" + std::string(text) + "'");
      }
    } else {
      constexpr double unix_ms_max = 253'402'300'800'000;  // The year 10000.
      double number = 0;
      if (value->get(number) != simdjson::SUCCESS) return malformed(named(pointer) + " is not a number");
      if (page_.instants == TrackPage::Instants::unix_s) number *= 1000;
      if (!(std::abs(number) < unix_ms_max)) return malformed(named(pointer) + " is no Unix time of our age");
      unix_ms = static_cast<std::int64_t>(std::floor(number));
    }
    return std::optional(cut(page_, *unix_ms));
  }

  [[nodiscard]] Result<std::optional<Day>> day(dom::element object, const std::string& pointer) const {
    const auto value = member(object, pointer);
    if (!value) return std::optional<Day>();
    std::string_view text;
    if (value->get(text) != simdjson::SUCCESS) return malformed(named(pointer) + " is not a string");
    constexpr std::size_t length = 10;  // YYYY-MM-DD.
    const bool alone = text.size() <= length || text[length] == 'T' || text[length] == ' ';
    const auto date = alone ? parse_date(text.substr(0, length)) : std::nullopt;
    if (!date) return malformed(named(pointer) + " is not a date: '" + std::string(text) + "'");
    const std::int64_t day = *date - unix_day(first_day_unix_, 0);
    if (day < std::numeric_limits<Day>::min() || day > std::numeric_limits<Day>::max()) {
      return malformed(named(pointer) + " is out of range");
    }
    return std::optional(static_cast<Day>(day));
  }

  Result<void> scans(dom::element root, std::vector<ShownScan>& shown) const {
    const auto list = member(root, page_.scans);
    dom::array entries;
    if (!list || list->get(entries) != simdjson::SUCCESS) return malformed(named(page_.scans) + " is not an array");
    shown.reserve(entries.size());
    for (const dom::element entry : entries) {
      if (!entry.is_object()) return malformed(named(page_.scans) + " has an entry that is not an object");
      const auto word_of = word(entry, page_.scan_kind);
      if (!word_of) return tl::unexpected(word_of.error());
      if (!*word_of) return malformed(named(page_.scan_kind.front()) + " is missing");
      const auto kind = kind_of(page_.scan_words, **word_of);
      if (!kind) return malformed(named(page_.scan_kind.front()) + " is the unknown word '" + **word_of + "'");
      if (!*kind) continue;
      ShownScan scan;
      scan.kind = **kind;
      const auto at = instant(entry, page_.scan_at);
      if (!at) return tl::unexpected(at.error());
      if (!*at) return malformed(named(page_.scan_at) + " is missing");
      scan.unix_ms = **at;
      if (page_.scan_place) {
        auto place = text(entry, *page_.scan_place);
        if (!place) return tl::unexpected(place.error());
        scan.place = std::move(*place).value_or("");
      }
      shown.push_back(std::move(scan));
    }
    return {};
  }

  static std::optional<std::int64_t> standing_delivery(const std::vector<ShownScan>& scans) {
    std::vector<ShownScan> history(scans);
    std::stable_sort(history.begin(), history.end(),
                     [](const ShownScan& a, const ShownScan& b) { return a.unix_ms < b.unix_ms; });
    std::vector<std::int64_t> standing;
    for (const ShownScan& scan : history) {
      if (scan.kind == ScanKind::delivered) standing.push_back(scan.unix_ms);
      if (scan.kind == ScanKind::retracted && !standing.empty()) standing.pop_back();
    }
    return standing.empty() ? std::nullopt : std::optional(standing.back());
  }

 public:
  static std::int64_t cut(const TrackPage& page, std::int64_t unix_ms) {
    const std::int64_t rest = unix_ms % page.precision_ms;
    return unix_ms - (rest < 0 ? rest + page.precision_ms : rest);
  }

 private:
  const TrackPage& page_;
  std::int64_t first_day_unix_;
};

PageWords canonical_words() {
  PageWords words;
  for (std::size_t i = 1; i < scan_kind_end; ++i) {
    words.kinds.emplace_back(scan_kind_names[i], static_cast<ScanKind>(i));
  }
  words.shown = identity_shown();
  return words;
}

/// Puts the number where the template says so.
template <class Write>
void fill_in(std::string_view text, std::string& out, Write&& write) {
  constexpr std::string_view placeholder = "{number}";
  for (std::size_t at = text.find(placeholder); at != std::string_view::npos; at = text.find(placeholder)) {
    out += text.substr(0, at);
    write();
    text.remove_prefix(at + placeholder.size());
  }
  out += text;
}

}  // namespace

const TrackPage& own_track_page() {
  static const TrackPage page = [] {
    TrackPage own;
    own.delivered_at = "/delivered_at";
    own.promise_date = "/promise_date";
    own.estimated_date = "/estimated_date";
    own.scan_place = "/place";
    own.scan_words = canonical_words();
    own.status_words = own.scan_words;
    return own;
  }();
  return page;
}

void ask_for_page(const TrackPage& page, std::string_view tracking_number, Message& out) {
  out.clear();
  out.method = page.method;
  fill_in(page.path, out.path, [&] { append_percent_encoded(out.path, tracking_number); });
  out.headers = page.headers;
  fill_in(page.body, out.body, [&] { append_json_content(out.body, tracking_number); });
}

Result<ShownParcel> read_page(const TrackPage& page, ParcelId parcel, unsigned status, std::string_view body,
                              std::int64_t first_day_unix) {
  ShownParcel shown;
  shown.parcel = parcel;
  if (std::find(page.not_found.begin(), page.not_found.end(), status) != page.not_found.end()) return shown;
  const Reader reader(page, first_day_unix);
  if (status != 200) return reader.malformed("answered " + std::to_string(status));

  thread_local dom::parser parser;  // Keeps its buffers; pages are read by the hundred thousand.
  dom::element answer;
  if (const auto error = parser.parse(body.data(), body.size()).get(answer); error != simdjson::SUCCESS) {
    return reader.malformed(std::string("no JSON: ") + simdjson::error_message(error));
  }
  dom::element root;
  if (!page.root.empty() && answer.at_pointer(page.root).get(root) != simdjson::SUCCESS) {
    // An empty list is how many platforms say that they know no such parcel. What is no object has no parcels at all.
    if (!answer.is_object() && !answer.is_array()) return reader.malformed("the JSON is no object");
    return shown;
  }
  if (page.root.empty()) root = answer;
  if (!page.root.empty() && root.is_null()) return shown;
  if (!root.is_object()) return reader.malformed("the JSON is no object");
  if (auto read = reader.parcel(root, shown); !read) return tl::unexpected(read.error());
  return shown;
}

std::optional<ShownScan> as_on_page(const TrackPage& page, ShownScan scan) {
  const auto kind = page.scan_words.shown[static_cast<std::size_t>(scan.kind)];
  if (!kind) return std::nullopt;
  scan.kind = *kind;
  scan.unix_ms = Reader::cut(page, scan.unix_ms);
  if (!page.scan_place) scan.place.clear();
  return scan;
}

std::optional<ScanKind> status_on_page(const TrackPage& page, ScanKind status) {
  return page.status_words.shown[static_cast<std::size_t>(status)];
}

Result<ShownParcel> decode_track_page(ParcelId parcel, unsigned status, std::string_view body,
                                      std::int64_t first_day_unix) {
  return read_page(own_track_page(), parcel, status, body, first_day_unix);
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
  out += order_number(facts.id);
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
  Message message;
  ask_for_page(own_track_page(), tracking_number, message);
  return message.path;
}

}  // namespace peakstorm::wire
