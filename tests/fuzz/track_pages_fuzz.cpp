// Goal: whatever a target answers to GET /track is a shown parcel or an error that says so: the answer comes from the
// system under test, which may be broken or hostile.
// Method: the first byte chooses the status, the rest is the body.
#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/wire/text.hpp"
#include "adapters/wire_format.hpp"
#include "engine/check.hpp"
#include "scenarios/text/utf8.hpp"

namespace {

using namespace peakstorm;

constexpr std::int64_t first_day_unix = 1'385'337'600;  // 2013-11-25.

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const unsigned status = data[0] == '4' ? 404 : data[0] == '5' ? 500 : 200;
  const auto shown = wire::decode_track_page(ParcelId{7}, status, body, first_day_unix);
  if (!shown) {
    PEAKSTORM_CHECK(shown.error().kind == ErrorKind::malformed_reply, shown.error().message);
    PEAKSTORM_CHECK(shown.error().message.starts_with("GET /track: "), shown.error().message);
    PEAKSTORM_CHECK(status != 404, shown.error().message);
  } else {
    PEAKSTORM_CHECK(status != 500);
    PEAKSTORM_CHECK(shown->parcel == ParcelId{7});
    for (const ShownScan& scan : shown->scans) PEAKSTORM_CHECK(scenarios::is_utf8(scan.place), scan.place);
  }
  // The helpers that write URLs and JSON take any bytes as well.
  for (const char c : wire::track_path(body)) {
    PEAKSTORM_CHECK(static_cast<unsigned char>(c) > 0x20, static_cast<int>(c));
    PEAKSTORM_CHECK(static_cast<unsigned char>(c) < 0x7f, static_cast<int>(c));
  }
  std::string json;
  wire::append_json_string(json, body);
  PEAKSTORM_CHECK(scenarios::is_utf8(json), json);
  if (const auto instant = wire::parse_instant(body)) {
    // Years 0 to 9999 can be written.
    std::string text;
    wire::append_utc(text, *instant);
    PEAKSTORM_CHECK(wire::parse_instant(text) == instant, text, *instant);
  }
  if (const auto date = wire::parse_date(body)) {
    std::string text;
    wire::append_date(text, *date);
    PEAKSTORM_CHECK(text == body, text, std::string(body));  // A day of the calendar, written the one way there is.
  }
  return 0;
}
