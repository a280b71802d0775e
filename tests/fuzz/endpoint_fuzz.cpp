// Goal: no request crashes the endpoint or makes it forget what it acknowledged; every page it then shows can be read
// by the other side; and the order in which messages come has no effect on a parcel's history.
// Method: the input is up to a dozen requests, separated by a line "---". The first byte of each chooses what it is:
//   e  POST /webhooks/easypost       c  POST /webhooks/cloudevents      b  the same, as a batch
//   y  the same, in binary mode; its first line is "SOURCE ID TIME"     p  PUT /parcels
//   t  GET; the rest is the target
// They go through the request handler with a store in memory. A second handler gets the messages backwards.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/endpoint/handler.hpp"
#include "adapters/endpoint/message.hpp"
#include "adapters/endpoint/metrics.hpp"
#include "adapters/endpoint/store.hpp"
#include "adapters/wire_format.hpp"
#include "engine/check.hpp"
#include "scenarios/text/utf8.hpp"

namespace {

using namespace peakstorm;
using namespace peakstorm::endpoint;

constexpr std::size_t requests_max = 12;
constexpr std::string_view separator = "\n---\n";
constexpr std::int64_t first_day_unix = 1'385'337'600;  // 2013-11-25.

std::vector<std::string_view> split(std::string_view text, std::string_view by) {
  std::vector<std::string_view> pieces;
  while (true) {
    const std::size_t end = text.find(by);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + by.size());
  }
}

/// A request, and what the reader alone makes of it.
struct Call {
  Request request;
  bool is_message = false;  ///< A webhook or a promise.
  bool is_promise = false;
};

Call call_of(std::string_view text) {
  Call call;
  Request& request = call.request;
  const char what = text.empty() ? 'e' : text.front();
  if (!text.empty()) text.remove_prefix(1);
  request.body = text;
  request.method = "POST";
  request.content_type = "application/json";
  request.target = "/webhooks/cloudevents";
  call.is_message = true;
  switch (what) {
    case 'c':
      request.content_type = "application/cloudevents+json; charset=utf-8";
      break;
    case 'b':
      request.content_type = "application/cloudevents-batch+json";
      break;
    case 'y': {
      const std::size_t line = text.find('\n');
      const std::vector<std::string_view> words = split(text.substr(0, line), " ");
      request.body = line == std::string_view::npos ? "" : text.substr(line + 1);
      request.ce_specversion = "1.0";
      request.ce_type = "peakstorm.scan";
      request.ce_source = words[0];
      request.ce_id = words.size() > 1 ? words[1] : "";
      request.ce_time = words.size() > 2 ? words[2] : "";
      break;
    }
    case 'p':
      request.method = "PUT";
      request.target = "/parcels";
      call.is_promise = true;
      break;
    case 't':
      request.method = "GET";
      request.target = text;
      request.body = "";
      request.accept = "text/html";
      call.is_message = false;
      break;
    default:
      request.target = "/webhooks/easypost";
  }
  return call;
}

class Server {
 public:
  Server() : handler_(options(), store(), std::make_shared<Metrics>()) {}

  Reply ask(const Request& request) {
    Reply reply;
    handler_.handle(request, reply);
    if (reply.pending) {
      handler_.commit();
      handler_.answer(reply);
    }
    PEAKSTORM_CHECK(!reply.pending);
    PEAKSTORM_CHECK(scenarios::is_utf8(reply.body), reply.body);
    // Nothing that came from outside ends a header line or opens a script.
    PEAKSTORM_CHECK(reply.body.find("<script") == std::string::npos || reply.content_type == "application/json",
                    reply.body);
    return reply;
  }
  std::string page(std::string_view number) {
    const std::string path = wire::track_path(number);
    Request request;
    request.method = "GET";
    request.target = path;
    request.accept = "application/json";
    const Reply reply = ask(request);
    PEAKSTORM_CHECK(reply.status == 200 || reply.status == 404, reply.status);
    return reply.body;
  }

 private:
  static EndpointOptions options() {
    EndpointOptions options;
    options.allow_unsigned = true;
    options.allow_batches = true;
    return options;
  }
  static std::unique_ptr<Store> store() {
    auto store = Store::open({});
    PEAKSTORM_CHECK(store.has_value());
    return std::move(*store);
  }

  Handler handler_;
};

/// Numbers and event ids that the reader finds in a message.
struct Contents {
  std::vector<std::string> numbers;
  std::vector<std::string> scanned;  ///< Of which with a milestone.
  std::vector<std::string> event_keys;
};

template <class Found>
void check_found(const Found& found) {
  if (found) return;
  PEAKSTORM_CHECK(found.error().kind == ErrorKind::bad_input, found.error().message);
  PEAKSTORM_CHECK(!found.error().message.empty());
}

/// None when the reader refuses it.
std::optional<Contents> contents(const Call& call) {
  static MessageReader reader;
  Contents found;
  if (call.is_promise) {
    const auto promises = reader.promises(call.request.body);
    check_found(promises);
    if (!promises) return std::nullopt;
    for (const Promise& promise : *promises) {
      PEAKSTORM_CHECK(is_tracking_number(promise.tracking_number), std::string(promise.tracking_number));
      found.numbers.emplace_back(promise.tracking_number);
    }
    return found;
  }
  const Request& request = call.request;
  const auto deliveries =
      request.target == "/webhooks/easypost"       ? reader.easypost(request.body)
      : request.content_type == "application/json" ? reader.cloudevent_binary("s", "1", request.ce_time, request.body)
      : request.content_type.find("batch") != std::string_view::npos ? reader.cloudevent_batch(request.body)
                                                                     : reader.cloudevent(request.body);
  check_found(deliveries);
  if (!deliveries) return std::nullopt;
  for (const Delivery& delivery : *deliveries) {
    PEAKSTORM_CHECK(is_tracking_number(delivery.tracking_number), std::string(delivery.tracking_number));
    found.numbers.emplace_back(delivery.tracking_number);
    if (!delivery.milestones.empty()) found.scanned.emplace_back(delivery.tracking_number);
    found.event_keys.push_back(delivery.event_key);
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string_view> texts = split({reinterpret_cast<const char*>(data), size}, separator);
  if (texts.size() > requests_max) texts.resize(requests_max);
  std::vector<Call> calls;
  std::transform(texts.begin(), texts.end(), std::back_inserter(calls), call_of);

  Server server;
  std::set<std::string> numbers;
  std::set<std::string> scanned;
  std::set<std::string> event_keys;
  bool distinct = true;
  bool promised = false;
  for (const Call& call : calls) {
    const Reply reply = server.ask(call.request);
    if (!call.is_message) continue;
    const auto found = contents(call);
    PEAKSTORM_CHECK(reply.status == 200 || reply.status == 400, reply.status, reply.body);
    if (!found) PEAKSTORM_CHECK(reply.status == 400, reply.body);
    if (!found || reply.status != 200) continue;
    promised = promised || call.is_promise;
    numbers.insert(found->numbers.begin(), found->numbers.end());
    scanned.insert(found->scanned.begin(), found->scanned.end());
    for (const std::string& key : found->event_keys) distinct = event_keys.insert(key).second && distinct;
  }
  std::vector<std::string> pages;
  for (const std::string& number : numbers) {
    pages.push_back(server.page(number));
    const auto shown = wire::decode_track_page(ParcelId{7}, 200, pages.back(), first_day_unix);
    if (!shown) {
      // Days of a run are counted in 32 bits, dates of messages need not fit.
      PEAKSTORM_CHECK(shown.error().message.find("out of range") != std::string::npos, shown.error().message,
                      pages.back());
    } else if (scanned.contains(number) && !promised && distinct) {
      PEAKSTORM_CHECK(shown->found, number, pages.back());
    }
    // As a browser asks.
    const std::string path = wire::track_path(number);
    Request request;
    request.method = "GET";
    request.target = path;
    PEAKSTORM_CHECK(server.ask(request).content_type.starts_with("text/html"));
  }

  // An event id that comes twice is looked at once, and a promise may set a history aside: there order counts.
  if (!distinct || promised) return 0;
  Server backwards;
  std::for_each(calls.rbegin(), calls.rend(), [&](const Call& call) { backwards.ask(call.request); });
  auto page = pages.begin();
  for (const std::string& number : numbers) {
    const auto there = wire::decode_track_page(ParcelId{7}, 200, *page++, first_day_unix);
    const auto back = wire::decode_track_page(ParcelId{7}, 200, backwards.page(number), first_day_unix);
    PEAKSTORM_CHECK(there.has_value() == back.has_value(), number);
    if (!there) continue;
    PEAKSTORM_CHECK(there->status == back->status, number, *(page - 1), backwards.page(number));
    PEAKSTORM_CHECK(there->delivered_unix_ms == back->delivered_unix_ms, number, *(page - 1), backwards.page(number));
    PEAKSTORM_CHECK(there->scans.size() == back->scans.size(), number, *(page - 1), backwards.page(number));
  }
  return 0;
}
