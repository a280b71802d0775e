#include "adapters/endpoint/message.hpp"

#include <simdjson.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "adapters/endpoint/bugs.hpp"
#include "adapters/endpoint/service.hpp"
#include "adapters/status_map.hpp"

namespace peakstorm::endpoint {
namespace {

using Object = simdjson::dom::object;
using Element = simdjson::dom::element;
using Deliveries = Result<std::span<const Delivery>>;

constexpr std::size_t text_max = 512;        // Of a place or a message; more is not a scan but an attack.
constexpr std::size_t milestones_max = 500;  // Of one message. The longest histories seen have about 60.

tl::unexpected<Error> bad(std::string_view path, std::string_view field, std::string_view what) {
  std::string message{path};
  if (!path.empty() && !field.empty()) message += '.';
  message += field;
  message += ": ";
  message += what;
  return fail(ErrorKind::bad_input, std::move(message));
}

std::string quoted(std::string_view text) {
  std::string out{"'"};
  out += text.substr(0, 64);
  out += text.size() > 64 ? "...'" : "'";
  return out;
}

/// The text of a member; empty when it is absent or null. An error when it is something else.
Result<std::string_view> text(const Object& object, const std::string& path, std::string_view field) {
  Element element;
  if (object[field].get(element) != simdjson::SUCCESS || element.is_null()) return std::string_view{};
  std::string_view value;
  if (element.get(value) != simdjson::SUCCESS) return bad(path, field, "must be a string");
  if (value.size() > text_max) return bad(path, field, "longer than 512 bytes; shorten it");
  return value;
}

Result<std::string_view> required(const Object& object, const std::string& path, std::string_view field) {
  Result<std::string_view> value = text(object, path, field);
  if (value && value->empty()) return bad(path, field, "missing; it must be a non-empty string");
  return value;
}

Result<std::string_view> number_of(const Object& object, const std::string& path, std::string_view field) {
  Result<std::string_view> value = required(object, path, field);
  if (value && !is_tracking_number(*value)) {
    return bad(path, field, "must have 1 to 64 bytes, no control characters and no blank at either end");
  }
  return value;
}

Result<Instant> instant_of(const Object& object, const std::string& path, std::string_view field) {
  const Result<std::string_view> value = required(object, path, field);
  if (!value) return tl::unexpected(value.error());
  const std::optional<Instant> instant = parse_instant(*value);
  if (!instant) {
    return bad(path, field,
               quoted(*value) + " is not an RFC 3339 instant with an offset, for instance 2013-12-24T12:03:00-06:00");
  }
  return *instant;
}

Result<Date> date_of(const Object& object, const std::string& path, std::string_view field) {
  const Result<std::string_view> value = text(object, path, field);
  if (!value) return tl::unexpected(value.error());
  if (value->empty()) return no_date;
  const std::optional<Date> date = parse_date(*value);
  if (!date) return bad(path, field, quoted(*value) + " is not a date, for instance 2013-12-24");
  return *date;
}

Result<std::int16_t> time_of_day_of(const Object& object, const std::string& path, std::string_view field) {
  const Result<std::string_view> value = text(object, path, field);
  if (!value) return tl::unexpected(value.error());
  if (value->empty()) return std::int16_t{-1};
  const std::optional<std::int16_t> time = parse_time_of_day(*value);
  if (!time) return bad(path, field, quoted(*value) + " is not a time of day, for instance 08:00");
  return *time;
}

struct Field {
  std::string_view name;
  std::string_view* into;
};
/// Reads several optional texts.
Result<void> texts(const Object& object, const std::string& path, std::initializer_list<Field> fields) {
  for (const Field& field : fields) {
    Result<std::string_view> value = text(object, path, field.name);
    if (!value) return tl::unexpected(value.error());
    *field.into = *value;
  }
  return {};
}

/// Words of a vocabulary are told in any case of their letters.
std::string lower_case(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string at_index(std::string_view path, std::size_t i) {
  return std::string(path) + '[' + std::to_string(i) + ']';
}

}  // namespace

bool is_tracking_number(std::string_view text) {
  if (text.empty() || text.size() > 64 || text.front() == ' ' || text.back() == ' ') return false;
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }) &&
         simdjson::validate_utf8(text.data(), text.size());
}

class MessageReader::Impl {
 public:
  explicit Impl(EndpointBugs bugs) : bugs_(bugs) {}
  /// Parses the body whole: UTF-8, depth and trailing garbage are checked, not only what is read below.
  Result<Element> parse(std::string_view body) {
    if (body.empty()) return fail(ErrorKind::bad_input, "body: empty; it must be JSON");
    // simdjson reads in blocks past the end, so the text needs padding behind it.
    if (buffer_.size() < body.size() + simdjson::SIMDJSON_PADDING) {
      buffer_.resize((body.size() + simdjson::SIMDJSON_PADDING) * 2);
    }
    std::copy(body.begin(), body.end(), buffer_.begin());
    Element element;
    const auto error = parser_.parse(buffer_.data(), body.size(), false).get(element);
    if (error != simdjson::SUCCESS) {
      return fail(ErrorKind::bad_input, std::string("body: not JSON: ") + simdjson::error_message(error));
    }
    return element;
  }
  Result<Object> parse_object(std::string_view body) {
    const Result<Element> element = parse(body);
    if (!element) return tl::unexpected(element.error());
    Object object;
    if (element->get(object) != simdjson::SUCCESS) return fail(ErrorKind::bad_input, "body: must be a JSON object");
    return object;
  }

  Deliveries easypost(std::string_view body) {
    deliveries_.clear();
    const Result<Object> event = parse_object(body);
    if (!event) return tl::unexpected(event.error());
    if (auto known = only_known(*event, "",
                                {"id", "object", "mode", "description", "previous_attributes", "created_at",
                                 "updated_at", "result", "user_id", "status", "pending_urls", "completed_urls"});
        !known) {
      return tl::unexpected(known.error());
    }
    const Result<std::string_view> id = required(*event, "", "id");
    if (!id) return tl::unexpected(id.error());
    Object tracker;
    if ((*event)["result"].get(tracker) != simdjson::SUCCESS) return bad("", "result", "missing; it must be an object");
    const Result<std::string_view> object = text(tracker, "result", "object");
    if (!object) return tl::unexpected(object.error());
    if (!object->empty() && *object != "Tracker") return std::span<const Delivery>{};

    Delivery& delivery = deliveries_.emplace_back();
    delivery.event_key.assign("easypost\n").append(*id);
    const Result<std::string_view> number = number_of(tracker, "result", "tracking_code");
    if (!number) return tl::unexpected(number.error());
    delivery.tracking_number = *number;
    if (auto read = texts(tracker, "result", {{"carrier", &delivery.carrier}}); !read) {
      return tl::unexpected(read.error());
    }
    const Result<Date> eta = date_of(tracker, "result", "est_delivery_date");
    if (!eta) return tl::unexpected(eta.error());
    Result<Instant> created{Instant{INT64_MIN, 0}};
    if (const auto field = (*event)["created_at"]; field.error() == simdjson::SUCCESS && !field.is_null()) {
      created = instant_of(*event, "", "created_at");
      if (!created) return tl::unexpected(created.error());
    }
    if (auto read = easypost_details(tracker, delivery); !read) return tl::unexpected(read.error());
    if (*eta != no_date) easypost_eta(delivery, *eta, created->unix_ms);
    return std::span<const Delivery>{deliveries_};
  }

  Deliveries cloudevent(std::string_view body) {
    deliveries_.clear();
    const Result<Object> event = parse_object(body);
    if (!event) return tl::unexpected(event.error());
    if (auto read = structured(*event, ""); !read) return tl::unexpected(read.error());
    return std::span<const Delivery>{deliveries_};
  }

  Deliveries cloudevent_batch(std::string_view body) {
    deliveries_.clear();
    const Result<Element> element = parse(body);
    if (!element) return tl::unexpected(element.error());
    simdjson::dom::array events;
    if (element->get(events) != simdjson::SUCCESS) return fail(ErrorKind::bad_input, "body: must be a JSON array");
    std::size_t i = 0;
    for (const Element one : events) {
      const std::string path = at_index("", i++);
      Object event;
      if (one.get(event) != simdjson::SUCCESS) return bad(path, "", "must be a JSON object");
      if (auto read = structured(event, path); !read) return tl::unexpected(read.error());
    }
    return std::span<const Delivery>{deliveries_};
  }

  Deliveries cloudevent_binary(std::string_view source, std::string_view id, std::string_view time,
                               std::string_view body) {
    deliveries_.clear();
    const Result<Object> data = parse_object(body);
    if (!data) return tl::unexpected(data.error());
    if (auto read = scan(*data, "", source, id, time); !read) return tl::unexpected(read.error());
    return std::span<const Delivery>{deliveries_};
  }

  Result<CaptureDocument> epcis(std::string_view body) {
    deliveries_.clear();
    event_ids_.clear();
    decoded_.clear();
    const Result<Object> document = parse_object(body);
    if (!document) return tl::unexpected(document.error());
    if (auto known = only_known(*document, "",
                                {"@context", "id", "type", "schemaVersion", "creationDate", "epcisHeader", "epcisBody",
                                 "sender", "receiver", "instanceIdentifier"});
        !known) {
      return tl::unexpected(known.error());
    }
    const Result<std::string_view> type = required(*document, "", "type");
    if (!type) return tl::unexpected(type.error());
    if (*type != "EPCISDocument") return bad("", "type", quoted(*type) + " is not taken; send an EPCISDocument");
    Object whole;
    if ((*document)["epcisBody"].get(whole) != simdjson::SUCCESS) {
      return bad("", "epcisBody", "missing; it must be an object");
    }
    simdjson::dom::array events;
    if (whole["eventList"].get(events) != simdjson::SUCCESS) {
      return bad("epcisBody", "eventList", "missing; it must be an array");
    }
    CaptureDocument read;
    for (const Element one : events) {
      const std::string path = at_index("epcisBody.eventList", read.events++);
      const std::size_t before = deliveries_.size();
      std::string_view id;
      const auto good = object_event(one, path, id);
      if (good) continue;
      deliveries_.resize(before);
      event_ids_.resize(before);
      read.problems.push_back({std::string(id), good.error().message});
    }
    read.deliveries = deliveries_;
    read.event_ids = event_ids_;
    return read;
  }

  Result<std::span<const Promise>> promises(std::string_view body) {
    promises_.clear();
    const Result<Element> root = parse(body);
    if (!root) return tl::unexpected(root.error());
    Object object;
    simdjson::dom::array list;
    std::string name;
    if (root->get(object) == simdjson::SUCCESS) {
      const auto parcels = object["parcels"];
      if (parcels.error() == simdjson::NO_SUCH_FIELD) {
        if (auto read = promise(object, ""); !read) return tl::unexpected(read.error());
        return std::span<const Promise>{promises_};
      }
      name = "parcels";
      if (parcels.get(list) != simdjson::SUCCESS) return bad("", name, "must be an array");
    } else if (root->get(list) != simdjson::SUCCESS) {
      return fail(ErrorKind::bad_input, "body: must be a JSON object or array");
    }
    std::size_t i = 0;
    for (const Element one : list) {
      const std::string path = at_index(name, i++);
      if (one.get(object) != simdjson::SUCCESS) return bad(path, "", "must be a JSON object");
      if (auto read = promise(object, path); !read) return tl::unexpected(read.error());
    }
    return std::span<const Promise>{promises_};
  }

 private:
  /// Every kind of letters, but for the bug that knows only one.
  [[nodiscard]] std::string word(std::string_view text) const {
    return has(bugs_, EndpointBug::case_sensitive_status) ? std::string(text) : lower_case(text);
  }

  /// rejects-unknown-fields.
  Result<void> only_known(const Object& object, const std::string& path,
                          std::initializer_list<std::string_view> known) const {
    if (!has(bugs_, EndpointBug::rejects_unknown_fields)) return {};
    for (const auto field : object) {
      if (std::find(known.begin(), known.end(), field.key) == known.end()) return bad(path, field.key, "unknown");
    }
    return {};
  }

  Result<void> easypost_details(const Object& tracker, Delivery& delivery) const {
    const auto field = tracker["tracking_details"];
    if (field.error() == simdjson::NO_SUCH_FIELD || field.is_null()) return {};
    simdjson::dom::array details;
    if (field.get(details) != simdjson::SUCCESS) return bad("result", "tracking_details", "must be an array");
    if (details.size() > milestones_max) return bad("result", "tracking_details", "more than 500 entries");
    delivery.milestones.reserve(details.size());
    std::size_t i = 0;
    for (const Element one : details) {
      const std::string path = at_index("result.tracking_details", i++);
      Object detail;
      if (one.get(detail) != simdjson::SUCCESS) return bad(path, "", "must be a JSON object");
      const Result<std::string_view> status = required(detail, path, "status");
      if (!status) return tl::unexpected(status.error());
      const Result<Instant> at = instant_of(detail, path, "datetime");
      if (!at) return tl::unexpected(at.error());
      Milestone milestone;
      milestone.at_ms = at->unix_ms;
      milestone.offset_minutes = at->offset_minutes;
      std::string_view status_detail;
      if (auto read = texts(detail, path, {{"status_detail", &status_detail}, {"message", &milestone.message}});
          !read) {
        return read;
      }
      if (const auto location = detail["tracking_location"];
          location.error() == simdjson::SUCCESS && !location.is_null()) {
        Object place;
        if (location.get(place) != simdjson::SUCCESS) return bad(path, "tracking_location", "must be an object");
        if (auto read =
                texts(place, path + ".tracking_location",
                      {{"city", &milestone.place}, {"state", &milestone.region}, {"country", &milestone.country}});
            !read) {
          return read;
        }
      }
      const std::optional<ScanKind> kind = wire::kind_of_easypost(word(*status), word(status_detail));
      if (!kind) {
        ++delivery.unmapped;
        continue;
      }
      milestone.kind = *kind;
      delivery.milestones.push_back(milestone);
    }
    return {};
  }

  /// EasyPost tells one estimate for the whole tracker. It is kept with the newest milestone; without
  /// any it becomes one of its own, or a tracker known only by its date would be lost.
  static void easypost_eta(Delivery& delivery, Date eta, std::int64_t created_ms) {
    auto& milestones = delivery.milestones;
    if (milestones.empty()) {
      if (created_ms == INT64_MIN) return;
      Milestone& only = milestones.emplace_back();
      only.at_ms = created_ms;
      only.kind = ScanKind::eta_changed;
    }
    Milestone& newest = *std::max_element(milestones.begin(), milestones.end(), milestone_before);
    newest.eta = eta;
    newest.eta_stamp_ms = std::max(created_ms, newest.at_ms);
  }

  Result<void> structured(const Object& event, const std::string& path) {
    if (auto known = only_known(
            event, path,
            {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data"});
        !known) {
      return known;
    }
    const Result<std::string_view> version = required(event, path, "specversion");
    if (!version) return tl::unexpected(version.error());
    if (*version != "1.0") return bad(path, "specversion", quoted(*version) + " is not supported; send 1.0");
    const Result<std::string_view> id = required(event, path, "id");
    if (!id) return tl::unexpected(id.error());
    const Result<std::string_view> source = required(event, path, "source");
    if (!source) return tl::unexpected(source.error());
    if (auto type = required(event, path, "type"); !type) return tl::unexpected(type.error());
    const Result<std::string_view> time = text(event, path, "time");
    if (!time) return tl::unexpected(time.error());
    Object data;
    if (event["data"].get(data) != simdjson::SUCCESS) return bad(path, "data", "missing; it must be a JSON object");
    return scan(data, path.empty() ? "data" : path + ".data", *source, *id, *time);
  }

  Result<void> scan(const Object& data, const std::string& path, std::string_view source, std::string_view id,
                    std::string_view time) {
    Delivery& delivery = deliveries_.emplace_back();
    delivery.event_key.assign("cloudevents\n").append(source).append("\n").append(id);
    const Result<std::string_view> number = number_of(data, path, "tracking_number");
    if (!number) return tl::unexpected(number.error());
    delivery.tracking_number = *number;
    const Result<std::string_view> kind_name = required(data, path, "kind");
    if (!kind_name) return tl::unexpected(kind_name.error());
    const std::optional<ScanKind> kind = wire::kind_of_name(word(*kind_name));
    if (!kind) return bad(path, "kind", quoted(*kind_name) + " is not a scan kind, for instance out_for_delivery");
    const Result<Instant> at = instant_of(data, path, "occurred_at");
    if (!at) return tl::unexpected(at.error());
    const Result<Date> eta = date_of(data, path, "eta_date");
    if (!eta) return tl::unexpected(eta.error());
    Milestone milestone;
    milestone.at_ms = at->unix_ms;
    milestone.offset_minutes = at->offset_minutes;
    // The data may tell the instant in UTC and the event's own time the place's clock.
    if (const auto local = parse_instant(time); local && local->unix_ms == at->unix_ms && at->offset_minutes == 0) {
      milestone.offset_minutes = local->offset_minutes;
    }
    milestone.kind = *kind;
    milestone.eta = *eta;
    if (*eta != no_date) {
      milestone.eta_stamp_ms = at->unix_ms;
      if (const auto field = data["reported_at"]; field.error() == simdjson::SUCCESS && !field.is_null()) {
        const Result<Instant> reported = instant_of(data, path, "reported_at");
        if (!reported) return tl::unexpected(reported.error());
        milestone.eta_stamp_ms = reported->unix_ms;
      }
    }
    if (auto read = texts(data, path,
                          {{"carrier", &delivery.carrier},
                           {"message", &milestone.message},
                           {"place", &milestone.place},
                           {"region", &milestone.region},
                           {"country", &milestone.country}});
        !read) {
      return read;
    }
    delivery.milestones.push_back(milestone);
    return {};
  }

  /// One delivery for each of its numbers; `id` as far as it is known.
  Result<void> object_event(const Element& element, const std::string& path, std::string_view& id) {
    Object event;
    if (element.get(event) != simdjson::SUCCESS) return bad(path, "", "must be a JSON object");
    if (auto read = texts(event, path, {{"eventID", &id}}); !read) return read;
    const Result<std::string_view> type = required(event, path, "type");
    if (!type) return tl::unexpected(type.error());
    if (*type != "ObjectEvent") return bad(path, "type", quoted(*type) + " is not kept; send ObjectEvents");
    const Result<Instant> at = instant_of(event, path, "eventTime");
    if (!at) return tl::unexpected(at.error());
    const Result<std::string_view> offset = required(event, path, "eventTimeZoneOffset");
    if (!offset) return tl::unexpected(offset.error());
    const auto local = *offset == "Z" ? std::nullopt : parse_instant("2000-01-01T00:00:00" + std::string(*offset));
    if (!local) return bad(path, "eventTimeZoneOffset", quoted(*offset) + " is not an offset, for instance -06:00");
    const Result<std::string_view> step = required(event, path, "bizStep");
    if (!step) return tl::unexpected(step.error());
    std::string_view disposition;
    if (auto read = texts(event, path, {{"disposition", &disposition}}); !read) return read;

    Milestone milestone;
    milestone.at_ms = at->unix_ms;
    milestone.offset_minutes = local->offset_minutes;
    std::optional<ScanKind> kind = wire::kind_of_epcis(*step, disposition);
    std::string key = "epcis\n";
    if (id.empty()) {
      // The standard would have us mint one. What the event tells serves as well, and is the same when it comes again.
      key.append(std::to_string(at->unix_ms)).append("\n").append(*step).append("\n").append(disposition);
    } else {
      key += id;
    }
    Object declaration;
    if (event["errorDeclaration"].get(declaration) == simdjson::SUCCESS) {
      const Result<Instant> declared = instant_of(declaration, path + ".errorDeclaration", "declarationTime");
      if (!declared) return tl::unexpected(declared.error());
      // Only deliveries can be taken back here.
      kind = kind == ScanKind::delivered ? std::optional(ScanKind::retracted) : std::nullopt;
      milestone.at_ms = declared->unix_ms;
      key.append("\nerror ").append(std::to_string(declared->unix_ms));
    }
    if (auto read = read_point(event, path, milestone); !read) return read;
    simdjson::dom::array numbers;
    if (event["epcList"].get(numbers) != simdjson::SUCCESS || numbers.size() == 0) {
      return bad(path, "epcList", "missing; it must be an array of URIs that end in numbers");
    }
    for (const Element one : numbers) {
      std::string_view uri;
      if (one.get(uri) != simdjson::SUCCESS) return bad(path, "epcList", "has an entry that is no string");
      const Result<std::string_view> number = decoded(uri.substr(uri.find_last_of("/:") + 1), path, "epcList");
      if (!number) return tl::unexpected(number.error());
      if (!is_tracking_number(*number)) return bad(path, "epcList", quoted(uri) + " does not end in a number");
      Delivery& delivery = deliveries_.emplace_back();
      delivery.tracking_number = *number;
      delivery.event_key = key + "\n" + std::string(*number);
      if (kind) {
        milestone.kind = *kind;
        delivery.milestones.push_back(milestone);
      } else {
        ++delivery.unmapped;
      }
      event_ids_.emplace_back(id);
    }
    return {};
  }

  /// .../REGION/PLACE; nothing behind the last slash: a doorstep.
  Result<void> read_point(const Object& event, const std::string& path, Milestone& milestone) {
    const auto field = event["readPoint"];
    if (field.error() != simdjson::SUCCESS || field.is_null()) return {};
    Object point;
    if (field.get(point) != simdjson::SUCCESS) return bad(path, "readPoint", "must be an object");
    const Result<std::string_view> id = required(point, path + ".readPoint", "id");
    if (!id) return tl::unexpected(id.error());
    const std::size_t slash = id->find_last_of('/');
    if (slash == std::string_view::npos) return {};
    const std::size_t before = slash == 0 ? slash : id->find_last_of('/', slash - 1);
    const Result<std::string_view> place = decoded(id->substr(slash + 1), path, "readPoint.id");
    if (!place) return tl::unexpected(place.error());
    milestone.place = *place;
    if (before == std::string_view::npos || before == slash) return {};
    const Result<std::string_view> region = decoded(id->substr(before + 1, slash - before - 1), path, "readPoint.id");
    if (!region) return tl::unexpected(region.error());
    milestone.region = *region;
    return {};
  }

  /// Kept until the next call of the reader.
  Result<std::string_view> decoded(std::string_view part, const std::string& path, std::string_view field) {
    if (part.find('%') == std::string_view::npos) return part;
    auto text = percent_decoded(part);
    if (!text) return bad(path, field, quoted(part) + " is badly percent-encoded");
    return decoded_.emplace_back(std::move(*text));
  }

  Result<void> promise(const Object& object, const std::string& path) {
    Promise& promise = promises_.emplace_back();
    const Result<std::string_view> number = number_of(object, path, "tracking_number");
    if (!number) return tl::unexpected(number.error());
    promise.tracking_number = *number;
    if (auto read = texts(object, path, {{"order_number", &promise.order_number}, {"time_zone", &promise.time_zone}});
        !read) {
      return read;
    }
    const Result<Date> date = date_of(object, path, "promise_date");
    if (!date) return tl::unexpected(date.error());
    const Result<std::int16_t> from = time_of_day_of(object, path, "window_from");
    if (!from) return tl::unexpected(from.error());
    const Result<std::int16_t> to = time_of_day_of(object, path, "window_to");
    if (!to) return tl::unexpected(to.error());
    promise.date = *date;
    promise.window_from = *from;
    promise.window_to = *to;
    return {};
  }

  EndpointBugs bugs_;
  simdjson::dom::parser parser_;
  std::string buffer_;
  std::vector<Delivery> deliveries_;
  std::vector<std::string> event_ids_;
  std::deque<std::string> decoded_;
  std::vector<Promise> promises_;
};

MessageReader::MessageReader(EndpointBugs bugs) : impl_(std::make_unique<Impl>(bugs)) {}
MessageReader::~MessageReader() = default;
Deliveries MessageReader::easypost(std::string_view body) {
  return impl_->easypost(body);
}
Deliveries MessageReader::cloudevent(std::string_view body) {
  return impl_->cloudevent(body);
}
Deliveries MessageReader::cloudevent_batch(std::string_view body) {
  return impl_->cloudevent_batch(body);
}
Deliveries MessageReader::cloudevent_binary(std::string_view source, std::string_view id, std::string_view time,
                                            std::string_view body) {
  return impl_->cloudevent_binary(source, id, time, body);
}
Result<CaptureDocument> MessageReader::epcis(std::string_view body) {
  return impl_->epcis(body);
}
Result<std::span<const Promise>> MessageReader::promises(std::string_view body) {
  return impl_->promises(body);
}

}  // namespace peakstorm::endpoint
