#include "adapters/endpoint/carrier_handler.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "adapters/endpoint/instant.hpp"
#include "engine/random.hpp"

namespace peakstorm::endpoint {
namespace {

using wire::PullApi;
using wire::PullRefusal;
namespace dom = simdjson::dom;

constexpr std::size_t strangers_max = 10'000;
constexpr std::size_t asked_in_vain_max = 100'000;
constexpr std::size_t number_max = 64;
constexpr std::size_t easypost_page = 20;

constexpr std::string_view ups_details = "/track/v1/details/";
constexpr std::string_view usps_tracking = "/tracking/v3/tracking/";
constexpr std::string_view trackers = "/v2/trackers";

/// What a draw is for.
enum Trouble : std::uint32_t { slow = 1, error = 2, unavailable = 3, stale = 4 };

std::optional<std::uint64_t> tracker_key(std::string_view id) {
  if (!id.starts_with("trk_") || id.size() != 36) return std::nullopt;
  std::uint64_t key = 0;
  const char* const end = id.data() + 20;
  if (std::from_chars(id.data() + 4, end, key, 16).ptr != end) return std::nullopt;
  std::string again;
  wire::PullFormat::append_tracker_id(key, again);
  return again == id ? std::optional(key) : std::nullopt;
}

/// Text of a member; none when it is no text or longer than a number can be.
std::optional<std::string> number_member(const dom::object& object, std::string_view name) {
  std::string_view text;
  if (object[name].get(text) != simdjson::SUCCESS || text.empty() || text.size() > number_max) return std::nullopt;
  return std::string(text);
}

/// The number that one element of a request's list asks for.
std::optional<std::string> number_of(PullApi api, dom::element element) {
  if (api == PullApi::easypost) {
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS || text.empty() || text.size() > number_max) return std::nullopt;
    return std::string(text);
  }
  dom::object object;
  if (element.get(object) != simdjson::SUCCESS) return std::nullopt;
  if (api == PullApi::fedex) {
    dom::object info;
    if (object["trackingNumberInfo"].get(info) != simdjson::SUCCESS) return std::nullopt;
    return number_member(info, "trackingNumber");
  }
  return number_member(object, "trackingNumber");
}

}  // namespace

CarrierHandler::CarrierHandler(const World& world, const CarriersOptions& options, const CarrierBook& book,
                               std::shared_ptr<const RunningInstant> instant, PollRecorder* recorder)
    : options_(options),
      book_(book),
      instant_(std::move(instant)),
      recorder_(recorder),
      first_day_unix_ms_(world.first_day_unix * 1000),
      access_(options) {
  for (std::size_t api = 0; api < wire::pull_api_count; ++api) {
    formats_[api] = std::make_unique<wire::PullFormat>(static_cast<PullApi>(api), world);
  }
}

void CarrierHandler::handle(const Request& request, Reply& reply) {
  const auto [path, query] = split_target(request.target);
  const bool is_get = request.method == "GET";
  const bool is_post = request.method == "POST";
  const auto serves = [this](PullApi api) { return options_.apis[static_cast<std::size_t>(api)]; };
  const auto wrong_method = [&](PullApi api, std::string_view methods) {
    Poll poll{api, request, reply, instant_->now()};
    refuse(poll, PullRefusal::wrong_method);
    reply.headers = "Allow: " + std::string(methods) + "\r\n";
  };
  const auto polled = [&](PullApi api, std::string_view methods, bool right, auto&& answer) {
    if (!right) return wrong_method(api, methods);
    Poll poll{api, request, reply, instant_->now()};
    if (admitted(poll)) answer(poll);
  };

  if (path == "/healthz" && (is_get || request.method == "HEAD")) {
    reply.body = "{\"status\":\"ok\"}\n";
    return;
  }
  for (const auto& [api, where] : {std::pair(PullApi::ups, std::string_view("/security/v1/oauth/token")),
                                   std::pair(PullApi::usps, std::string_view("/oauth2/v3/token")),
                                   std::pair(PullApi::fedex, std::string_view("/oauth/token"))}) {
    if (path != where || !serves(api)) continue;
    return is_post ? token(api, request, reply) : wrong_method(api, "POST");
  }
  if (const std::string_view below = path.starts_with("/api/") ? path.substr(4) : path;
      below.starts_with(ups_details) && serves(PullApi::ups)) {
    return polled(PullApi::ups, "GET", is_get,
                  [&, below = below](Poll& poll) { ups(poll, below.substr(ups_details.size())); });
  }
  if (path.starts_with(usps_tracking) && serves(PullApi::usps)) {
    return polled(PullApi::usps, "GET", is_get, [&, path = path, query = query](Poll& poll) {
      usps_one(poll, path.substr(usps_tracking.size()), query);
    });
  }
  if (path == "/tracking/v3r2/tracking" && serves(PullApi::usps)) {
    return polled(PullApi::usps, "POST", is_post, [&](Poll& poll) { usps_many(poll); });
  }
  if (path == "/track/v1/trackingnumbers" && serves(PullApi::fedex)) {
    return polled(PullApi::fedex, "POST", is_post, [&](Poll& poll) { fedex(poll); });
  }
  if (path.starts_with(trackers) && serves(PullApi::easypost)) {
    const std::string_view rest = path.substr(trackers.size());
    if (rest.empty()) {
      return polled(PullApi::easypost, "GET, POST", is_get || is_post,
                    [&, query = query](Poll& poll) { is_post ? easypost_create(poll) : easypost_list(poll, query); });
    }
    if (rest == "/batch") {
      return polled(PullApi::easypost, "POST", is_post, [&](Poll& poll) { easypost_batch(poll); });
    }
    if (rest.front() == '/') {
      return polled(PullApi::easypost, "GET", is_get, [&](Poll& poll) { easypost_one(poll, rest.substr(1)); });
    }
  }
  endpoint::refuse(reply, 404, "no such path; adapters/carriers.hpp lists those of UPS, USPS, EasyPost and FedEx");
}

void CarrierHandler::token(PullApi api, const Request& request, Reply& reply) {
  Poll poll{api, request, reply, instant_->now()};
  const TokenRequest asked = read_token_request(request);
  if (asked.grant_type != "client_credentials") {
    return refuse(poll, PullRefusal::bad_request, "grant_type must be client_credentials");
  }
  const std::chrono::milliseconds now = options_.unix_time();
  const auto token = access_.issue(api, asked, now);
  if (!token) return refuse(poll, PullRefusal::wrong_client);
  wire::append_token(api, {asked.id, *token, now.count(), access_.token_life_s(api)}, reply.body);
  reply.headers = "Cache-Control: no-store\r\n";
}

void CarrierHandler::refuse(Poll& poll, PullRefusal why, std::string_view detail) {
  poll.reply.status = wire::pull_status(poll.api, why);
  poll.reply.body.clear();
  wire::append_refusal(poll.api, why, detail, poll.reply.body);
  if (why == PullRefusal::unauthorized && poll.api != PullApi::easypost) {
    poll.reply.headers += "WWW-Authenticate: Bearer\r\n";
  }
  switch (why) {
    case PullRefusal::not_found:
      break;  // Recorded with its number.
    case PullRefusal::too_many_requests:
      record(poll, PollFate::throttled);
      break;
    case PullRefusal::broken:
    case PullRefusal::unavailable:
      record(poll, PollFate::failed);
      break;
    default:
      record(poll, PollFate::refused);
  }
}

void CarrierHandler::record(const Poll& poll, PollFate fate) {
  if (recorder_ == nullptr) return;
  PollRecord record;
  record.api = static_cast<std::uint8_t>(poll.api);
  record.fate = fate;
  record.slowed = poll.reply.delay.count() > 0;
  record.at = poll.at;
  recorder_->polled(record);
}

bool CarrierHandler::admitted(Poll& poll) {
  const std::chrono::milliseconds now = options_.unix_time();
  const auto who = access_.who(poll.api, poll.request.header("Authorization"), now);
  if (!who) {
    refuse(poll, PullRefusal::unauthorized);
    return false;
  }
  const std::chrono::seconds pause = access_.throttled(poll.api, *who, now);
  if (pause.count() == 0) return true;
  refuse(poll, PullRefusal::too_many_requests);
  poll.reply.headers += "Retry-After: " + std::to_string(pause.count()) + "\r\n";
  return false;
}

bool CarrierHandler::happens(Ppm share, PullApi api, std::uint64_t number, std::uint32_t poll,
                             std::uint32_t what) const {
  if (share == 0) return false;
  const std::uint64_t which = hash64(static_cast<std::uint64_t>(api) << 32U | what, poll);
  const std::uint64_t drawn = hash64(hash64(options_.troubles.seed, number), which);
  return (drawn >> 32U) * 1'000'000 >> 32U < share;
}

CarrierHandler::Asked& CarrierHandler::asked(PullApi api, const BookedParcel* parcel, std::string_view number) {
  const auto a = static_cast<std::size_t>(api);
  if (parcel != nullptr) {
    asked_[a].resize(book_.parcels().size());
    return asked_[a][static_cast<std::size_t>(parcel - book_.parcels().data())];
  }
  // Whoever asks for made-up numbers without end gets the same draws again, not our memory.
  auto& in_vain = asked_in_vain_[a];
  const std::uint64_t hash = hash64(number);
  if (in_vain.size() >= asked_in_vain_max && !in_vain.contains(hash)) in_vain.clear();
  return in_vain[hash];
}

bool CarrierHandler::troubled(Poll& poll, std::string_view number) {
  const CarrierTroubles& troubles = options_.troubles;
  const std::uint64_t hash = hash64(number);
  const std::uint32_t poll_number = ++asked(poll.api, book_.by_number(number), number).requests;
  if (happens(troubles.slow, poll.api, hash, poll_number, Trouble::slow)) poll.reply.delay = troubles.slow_by;
  if (!happens(troubles.error, poll.api, hash, poll_number, Trouble::error)) return false;
  const bool unavailable = happens(500'000, poll.api, hash, poll_number, Trouble::unavailable);
  refuse(poll, unavailable ? PullRefusal::unavailable : PullRefusal::broken, "on request");
  if (unavailable) poll.reply.headers += "Retry-After: 1\r\n";
  return true;
}

CarrierHandler::Told CarrierHandler::tell(Poll& poll, std::string_view number, bool summary, std::string& out) {
  return tell(poll, book_.by_number(number), number, summary, out);
}

CarrierHandler::Told CarrierHandler::tell(Poll& poll, const BookedParcel* parcel, std::string_view number, bool summary,
                                          std::string& out) {
  PollRecord told;
  told.api = static_cast<std::uint8_t>(poll.api);
  told.fate = PollFate::unknown;
  told.slowed = poll.reply.delay.count() > 0;
  told.at = poll.at;
  Asked& asked = this->asked(poll.api, parcel, number);
  ++asked.polls;
  if (parcel != nullptr && parcel->known_to[static_cast<std::size_t>(poll.api)]) {
    told.stale = happens(options_.troubles.stale, poll.api, hash64(parcel->number), asked.polls, Trouble::stale);
    const SimTime as_of = told.stale ? poll.at - options_.troubles.stale_by : poll.at;
    if (book_.history(*parcel, as_of, history_)) {
      told.fate = PollFate::told;
      told.parcel = parcel->facts.id;
      told.age = poll.at - history_.newest.reported;
      told.news = history_.published > asked.told;
      asked.told = std::max(asked.told, history_.published);
      const wire::ParcelView view{parcel->facts, parcel->number, history_.scans, history_.newest};
      summary ? format(poll.api).append_summary(view, out) : format(poll.api).append_record(view, out);
    }
  }
  if (recorder_ != nullptr) recorder_->polled(told);
  if (told.fate == PollFate::told) return Told::record;
  // UPS has a reply of its own for it.
  if (poll.api != PullApi::ups) {
    format(poll.api).append_unknown(number, parcel != nullptr ? parcel->key : hash64(number), out);
  }
  return Told::unknown;
}

void CarrierHandler::ups(Poll& poll, std::string_view path) {
  const auto number = percent_decoded(path);
  if (poll.request.header("transId").empty()) return refuse(poll, PullRefusal::bad_request, "transId: header missing");
  if (poll.request.header("transactionSrc").empty()) {
    return refuse(poll, PullRefusal::bad_request, "transactionSrc: header missing");
  }
  if (!number || number->size() < 7 || number->size() > 34) {
    return refuse(poll, PullRefusal::bad_request, "inquiryNumber must have 7 to 34 characters");
  }
  if (troubled(poll, *number)) return;
  if (tell(poll, *number, false, poll.reply.body) == Told::unknown) refuse(poll, PullRefusal::not_found, *number);
}

void CarrierHandler::usps_one(Poll& poll, std::string_view path, std::string_view query) {
  const auto number = percent_decoded(path);
  if (!number || number->empty() || number->size() > number_max) {
    return refuse(poll, PullRefusal::bad_request, "trackingNumber is none");
  }
  const std::string expand = form_value(query, "expand").value_or("SUMMARY");
  if (expand != "SUMMARY" && expand != "DETAIL") {
    return refuse(poll, PullRefusal::bad_request, "expand must be SUMMARY or DETAIL");
  }
  if (troubled(poll, *number)) return;
  if (tell(poll, *number, expand == "SUMMARY", poll.reply.body) == Told::unknown) {
    refuse(poll, PullRefusal::not_found, *number);
  }
}

std::optional<std::vector<std::string>> CarrierHandler::numbers_of(Poll& poll, std::string_view what) {
  thread_local dom::parser parser;
  dom::element document;
  dom::array list;
  const bool is_json =
      parser.parse(poll.request.body.data(), poll.request.body.size()).get(document) == simdjson::SUCCESS;
  const bool has_list = is_json && (what.empty() ? document.get(list) : document[what].get(list)) == simdjson::SUCCESS;
  if (!has_list || list.size() == 0) {
    refuse(poll, PullRefusal::bad_request,
           what.empty() ? "the body must be a list of numbers" : std::string(what) + " must be a list of numbers");
    return std::nullopt;
  }
  const std::size_t most = wire::pull_batch_max(poll.api);
  if (list.size() > most) {
    refuse(poll, PullRefusal::too_many_numbers, "at most " + std::to_string(most));
    return std::nullopt;
  }
  std::vector<std::string> numbers;
  for (const dom::element element : list) {
    auto number = number_of(poll.api, element);
    if (!number) {
      refuse(poll, PullRefusal::bad_request,
             "number " + std::to_string(numbers.size() + 1) + " of the list is none of 1 to 64 bytes");
      return std::nullopt;
    }
    numbers.push_back(std::move(*number));
  }
  if (troubled(poll, numbers.front())) return std::nullopt;
  return numbers;
}

void CarrierHandler::usps_many(Poll& poll) {
  const auto numbers = numbers_of(poll, "");
  if (!numbers) return;
  std::size_t unknown = 0;
  std::string& out = poll.reply.body;
  out += '[';
  for (const std::string& number : *numbers) {
    if (out.size() > 1) out += ',';
    unknown += tell(poll, number, false, out) == Told::unknown ? 1 : 0;
  }
  out += ']';
  if (unknown == numbers->size()) return refuse(poll, PullRefusal::not_found, numbers->front());
  if (unknown > 0) poll.reply.status = 207;
}

void CarrierHandler::fedex(Poll& poll) {
  const auto numbers = numbers_of(poll, "trackingInfo");
  if (!numbers) return;
  bool detailed = false;
  thread_local dom::parser parser;
  dom::object document;
  if (parser.parse(poll.request.body.data(), poll.request.body.size()).get(document) == simdjson::SUCCESS &&
      document["includeDetailedScans"].get(detailed) != simdjson::SUCCESS) {
    detailed = false;
  }
  std::string results;
  for (const std::string& number : *numbers) {
    if (!results.empty()) results += ',';
    tell(poll, number, !detailed, results);
  }
  wire::append_fedex_reply(results, poll.request.header("x-customer-transaction-id"), poll.reply.body);
}

void CarrierHandler::easypost_one(Poll& poll, std::string_view id) {
  const auto key = tracker_key(id);
  const BookedParcel* parcel = key ? book_.by_key(*key) : nullptr;
  const auto stranger = key && parcel == nullptr ? strangers_.find(*key) : strangers_.end();
  if (parcel == nullptr && stranger == strangers_.end()) {
    if (troubled(poll, id)) return;
    record(poll, PollFate::unknown);
    return refuse(poll, PullRefusal::not_found);
  }
  const std::string_view number = parcel != nullptr ? std::string_view(parcel->number) : stranger->second;
  if (troubled(poll, number)) return;
  tell(poll, parcel, number, false, poll.reply.body);
}

void CarrierHandler::easypost_create(Poll& poll) {
  thread_local dom::parser parser;
  dom::object document;
  dom::object tracker;
  std::optional<std::string> number;
  if (parser.parse(poll.request.body.data(), poll.request.body.size()).get(document) == simdjson::SUCCESS &&
      document["tracker"].get(tracker) == simdjson::SUCCESS) {
    number = number_member(tracker, "tracking_code");
  }
  if (!number) return refuse(poll, PullRefusal::bad_request, "tracker.tracking_code must be a number of 1 to 64 bytes");
  if (troubled(poll, *number)) return;
  const BookedParcel* parcel = book_.by_number(*number);
  if (parcel == nullptr && !strangers_.contains(hash64(*number))) {
    if (strangers_.size() >= strangers_max) {
      return refuse(poll, PullRefusal::too_many_numbers, "at most 10000 trackers of numbers that nobody has");
    }
    strangers_.emplace(hash64(*number), *number);
  }
  tell(poll, parcel, *number, false, poll.reply.body);
}

void CarrierHandler::easypost_batch(Poll& poll) {
  const auto numbers = numbers_of(poll, "tracking_codes");
  if (!numbers) return;
  std::string& out = poll.reply.body;
  out += R"({"trackers":[)";
  bool first = true;
  for (const std::string& number : *numbers) {
    if (!std::exchange(first, false)) out += ',';
    tell(poll, number, false, out);
  }
  out += R"(],"has_more":false})";
}

void CarrierHandler::easypost_list(Poll& poll, std::string_view query) {
  std::size_t page = easypost_page;
  if (const auto text = form_value(query, "page_size"); text) {
    const auto read = std::from_chars(text->data(), text->data() + text->size(), page);
    if (read.ptr != text->data() + text->size() || read.ec != std::errc{} || page == 0 ||
        page > wire::pull_batch_max(PullApi::easypost)) {
      return refuse(poll, PullRefusal::bad_request, "page_size must be 1 to 100");
    }
  }
  if (form_value(query, "carrier")) {
    return refuse(poll, PullRefusal::bad_request, "carrier: this stand-in does not choose by carrier; leave it out");
  }
  std::array<std::optional<SimTime>, 2> created;  // From, to.
  constexpr std::array<std::string_view, 2> datetime{"start_datetime", "end_datetime"};
  for (std::size_t i = 0; i < datetime.size(); ++i) {
    const auto text = form_value(query, datetime[i]);
    if (!text) continue;
    const auto instant = parse_instant(*text);
    if (!instant)
      return refuse(poll, PullRefusal::bad_request, std::string(datetime[i]) + " must be an RFC 3339 instant");
    created[i] = SimTime{SimDuration{instant->unix_ms - first_day_unix_ms_}};
  }
  const std::span<const BookedParcel> all = book_.parcels();
  std::array<std::optional<std::size_t>, 2> beside;  // Before, after.
  constexpr std::array<std::string_view, 2> cursor{"before_id", "after_id"};
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    const auto id = form_value(query, cursor[i]);
    if (!id) continue;
    const auto key = tracker_key(*id);
    const BookedParcel* parcel = key ? book_.by_key(*key) : nullptr;
    if (parcel == nullptr) return refuse(poll, PullRefusal::bad_request, std::string(cursor[i]) + " is no tracker");
    beside[i] = static_cast<std::size_t>(parcel - all.data());
  }
  if (beside[0] && beside[1]) return refuse(poll, PullRefusal::bad_request, "before_id and after_id: give one of them");
  const auto only = form_value(query, "tracking_code");
  if (troubled(poll, "the list of trackers")) return;

  const auto wanted = [&](const BookedParcel& parcel) {
    return book_.is_known(parcel, poll.at) && (!only || parcel.number == *only) &&
           (!created[0] || parcel.facts.ordered >= *created[0]) && (!created[1] || parcel.facts.ordered <= *created[1]);
  };
  // Newest first, as EasyPost lists them; a page behind `after_id` is the next one towards the newest.
  std::vector<const BookedParcel*> found;
  bool more = false;
  const auto take = [&](const BookedParcel& parcel) {
    if (!wanted(parcel)) return true;
    more = found.size() == page;
    if (!more) found.push_back(&parcel);
    return !more;
  };
  if (beside[1]) {
    for (std::size_t i = *beside[1] + 1; i < all.size() && all[i].facts.ordered <= poll.at && take(all[i]);) ++i;
    std::reverse(found.begin(), found.end());
  } else {
    // Nothing is published before it is ordered.
    const auto end = std::upper_bound(all.begin(), all.end(), poll.at,
                                      [](SimTime at, const BookedParcel& parcel) { return at < parcel.facts.ordered; });
    std::size_t i = beside[0].value_or(static_cast<std::size_t>(end - all.begin()));
    while (i > 0 && take(all[i - 1])) --i;
  }
  std::string& out = poll.reply.body;
  out += R"({"trackers":[)";
  for (const BookedParcel* parcel : found) {
    if (parcel != found.front()) out += ',';
    tell(poll, parcel, parcel->number, false, out);
  }
  out += more ? R"(],"has_more":true})" : R"(],"has_more":false})";
}

}  // namespace peakstorm::endpoint
