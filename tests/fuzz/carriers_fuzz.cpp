// Goal: no request crashes the carriers; whatever they answer is JSON, and the same request at the same instant gets
// the same answer. Method: the input is up to a dozen requests, separated by a line "---". The first line of each is
// "METHOD TARGET", the rest the body. They go through the request handler, which knows a few parcels of each carrier.
#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/endpoint/carrier_handler.hpp"
#include "engine/check.hpp"
#include "tests/adapters/replay/fakes.hpp"
#include "tests/adapters/wire/awkward_parcels.hpp"

namespace {

using namespace peakstorm;
using endpoint::CarrierBook;
using endpoint::CarrierHandler;
using endpoint::Headers;

constexpr std::size_t requests_max = 12;
constexpr std::string_view separator = "\n---\n";

struct Known {
  Known() {
    for (std::uint32_t i = 0; i < 20; ++i) {
      const testing::Told told = testing::awkward_parcel(world, i);
      source.all.push_back(told.facts);
      for (const Scan& scan : told.scans) source.items.push_back({scan.reported, false, scan, told.facts.id});
    }
    options.any_credentials = true;
    options.token_key = "key";
    options.unix_time = [] { return std::chrono::milliseconds{1'000'000}; };
    instant->reach(day_zero + days(20));
    auto read = CarrierBook::read(world, source, {});
    PEAKSTORM_CHECK(read.has_value());
    book = std::make_unique<CarrierBook>(std::move(*read));
  }
  World world = testing::tiny_world();
  testing::MemorySource source;
  CarriersOptions options;
  std::shared_ptr<RunningInstant> instant = std::make_shared<RunningInstant>(day_zero);
  std::unique_ptr<CarrierBook> book;
};

struct Rights final : Headers {
  explicit Rights(bool is_basic) : basic(is_basic) {}
  [[nodiscard]] std::string_view value(std::string_view name) const override {
    if (name == "Authorization") return basic ? "Basic a2V5Og==" : "Bearer x";
    return "1";
  }
  bool basic;
};

endpoint::Reply asked(CarrierHandler& handler, std::string_view text) {
  const std::size_t line = text.find('\n');
  const std::string_view head = text.substr(0, line);
  const std::size_t blank = head.find(' ');
  endpoint::Request request;
  request.method = head.substr(0, blank);
  request.target = blank == std::string_view::npos ? "/" : head.substr(blank + 1);
  request.body = line == std::string_view::npos ? "" : text.substr(line + 1);
  request.content_type = request.body.starts_with('{') ? "application/json" : "application/x-www-form-urlencoded";
  const Rights rights(request.target.starts_with("/v2/"));
  request.others = &rights;
  endpoint::Reply reply;
  handler.handle(request, reply);
  return reply;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Known known;
  CarrierHandler first(known.world, known.options, *known.book, known.instant, nullptr);
  CarrierHandler second(known.world, known.options, *known.book, known.instant, nullptr);
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (std::size_t i = 0; i < requests_max && !rest.empty(); ++i) {
    const std::size_t end = rest.find(separator);
    const std::string_view text = rest.substr(0, end);
    rest = end == std::string_view::npos ? "" : rest.substr(end + separator.size());
    const endpoint::Reply reply = asked(first, text);
    simdjson::dom::parser parser;
    simdjson::dom::element element;
    PEAKSTORM_CHECK(parser.parse(reply.body).get(element) == simdjson::SUCCESS, reply.body);
    PEAKSTORM_CHECK(asked(second, text).body == reply.body, reply.body);
    PEAKSTORM_CHECK(reply.headers.empty() || reply.headers.ends_with("\r\n"), reply.headers);
  }
  return 0;
}
