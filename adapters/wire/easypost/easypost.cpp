#include "adapters/wire/easypost/easypost.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "adapters/wire/hmac.hpp"
#include "adapters/wire/pieces.hpp"
#include "adapters/wire/text.hpp"

namespace peakstorm::wire {
namespace {

/// EasyPost's spelling of the carriers it knows by name; others keep the scenario's.
std::string carrier_name(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> known{{{"ups", "UPS"},
                                                                                {"usps", "USPS"},
                                                                                {"fedex", "FedEx"},
                                                                                {"dhl", "DHLExpress"},
                                                                                {"ontrac", "OnTrac"},
                                                                                {"lasership", "LaserShipV2"}}};
  for (const auto& [ours, theirs] : known) {
    if (ours == name) return std::string(theirs);
  }
  return std::string(name);
}

/// Ounces with one decimal, half up. 1 oz is 28.349523125 g exactly.
std::string ounces(std::uint32_t grams) {
  const std::uint64_t tenths = (std::uint64_t{grams} * 1'000'000'000 * 10 + 28'349'523'125 / 2) / 28'349'523'125;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

class EasyPost final : public WireFormat {
 public:
  EasyPost(const World& world, const FormatOptions& options)
      : world_(world),
        keys_(world),
        first_day_unix_ms_(world.first_day_unix * 1000),
        path_(options.path.empty() ? "/webhooks/easypost" : options.path),
        hmac_(options.secret) {
    for (std::size_t i = 1; i < scan_kind_end; ++i) {
      const EasyPostStatus words = easypost_status(static_cast<ScanKind>(i));
      std::string& piece = kinds_[i];
      piece = R"({"object":"TrackingDetail","message":)";
      append_json_string(piece, words.message);
      piece += R"(,"description":null,"status":")";
      piece += words.status;
      piece += R"(","status_detail":")";
      piece += words.detail;
      piece += R"(","datetime":")";
    }
    for (const Carrier& carrier : world.carriers) {
      std::string name;
      append_json_string(name, carrier_name(carrier.name));
      sources_.push_back(R"(","source":)" + name + R"(,"carrier_code":null,"tracking_location":)");
      carriers_.push_back(R"(,"carrier":)" + name + R"(,"carrier_detail":null,"fees":[],"tracking_details":[)");
    }
    for (const Facility& facility : world.facilities) places_.push_back(location(facility.name, facility.region));
    for (const ShipNode& node : world.nodes) places_.push_back(location(node.name, node.region));
    for (const Destination& destination : world.destinations) {
      doorsteps_.push_back(location({}, destination.region));
    }
    for (const SizeClass& size : world.sizes) weights_.push_back(ounces(size.weight_g));
  }

  [[nodiscard]] std::string_view name() const override { return "easypost"; }
  [[nodiscard]] bool carries_history() const override { return true; }
  [[nodiscard]] const ShownKinds& shown() const override { return easypost_shown(); }

  void encode(const ParcelView& parcel, Message& out) override {
    const ParcelFacts& facts = parcel.facts;
    const std::size_t carrier = index(world_.services[index(facts.service)].carrier);
    const std::uint64_t key = keys_.of(facts.id);
    std::string& body = out.body;
    body.clear();

    body += R"({"id":"evt_)";
    append_hex64(body, hash64(key, parcel.scan.sequence));
    append_hex64(body, hash64(parcel.scan.sequence, key));
    body += R"(","object":"Event","mode":"test","description":"tracker.updated","previous_attributes":{)";
    const Status before = status_of(parcel.history, &parcel.scan);
    if (before.known) {
      body += R"("status":")";
      body += before.words.status;
      body += '"';
    }
    body += R"(},"created_at":")";
    append_instant(body, parcel.scan.reported);
    body += R"(","result":{"id":"trk_)";
    append_hex64(body, key);
    append_hex64(body, mix64(key));
    body += R"(","object":"Tracker","mode":"test","tracking_code":)";
    append_json_string(body, parcel.tracking_number);
    const Status status = status_of(parcel.history, nullptr);
    body += R"(,"status":")";
    body += status.words.status;
    body += R"(","status_detail":")";
    body += status.words.detail;
    body += R"(","created_at":")";
    append_instant(body, facts.ordered);
    body += R"(","updated_at":")";
    append_instant(body, parcel.scan.reported);
    body += R"(","signed_by":null,"weight":)";
    body += facts.size < weights_.size() ? std::string_view(weights_[facts.size]) : std::string_view("null");
    body += R"(,"est_delivery_date":)";
    append_estimate(body, parcel.history);
    body += R"(,"shipment_id":null)";
    body += carriers_[carrier];
    bool first = true;
    for (const Scan& scan : parcel.history) {
      if (!first) body += ',';
      first = false;
      body += kinds_[index(scan.kind)];
      append_instant(body, scan.at);
      body += sources_[carrier];
      body += scan.place == no_place ? doorsteps_[index(facts.destination)] : places_[index(scan.place)];
      body += '}';
    }
    body += "]}}";

    out.method = "POST";
    out.path = path_;
    out.headers = "Content-Type: application/json\r\nUser-Agent: EasyPost/v2 (Peakstorm)\r\n";
  }

  void sign(std::int64_t /*unix_ms*/, Message& message) override {
    message.headers += "X-Hmac-Signature: hmac-sha256-hex=";
    hmac_.append_hex(message.body, message.headers);
    message.headers += "\r\n";
  }

 private:
  struct Status {
    bool known = false;
    EasyPostStatus words;
  };

  /// Status of the history, as if `without` had not been published.
  Status status_of(std::span<const Scan> history, const Scan* without) {
    order_.clear();
    for (const Scan& scan : history) {
      if (without == nullptr || scan.sequence != without->sequence) order_.push_back(scan.kind);
    }
    const std::optional<ScanKind> kind = status_after(order_);
    if (!kind) return {false, {"unknown", "unknown", ""}};
    return {true, easypost_status(*kind)};
  }

  void append_instant(std::string& body, SimTime at) const {
    append_utc(body, first_day_unix_ms_ + at.time_since_epoch().count());
  }

  /// The carrier's latest estimate. EasyPost gives a date as midnight "Z", whatever the destination's zone.
  void append_estimate(std::string& body, std::span<const Scan> history) const {
    const auto last =
        std::find_if(history.rbegin(), history.rend(), [](const Scan& scan) { return scan.eta_day != no_day; });
    if (last == history.rend()) {
      body += "null";
      return;
    }
    body += '"';
    append_date(body, unix_day(world_, last->eta_day));
    body += R"(T00:00:00Z")";
  }

  /// `city` empty: the doorstep, of which a carrier's public history tells the region only.
  std::string location(std::string_view city, RegionId region) const {
    std::string text = R"({"object":"TrackingLocation","city":)";
    if (city.empty()) {
      text += "null";
    } else {
      append_json_string(text, city);
    }
    text += R"(,"state":)";
    append_json_string(text, world_.regions[index(region)].name);
    text += R"(,"country":null,"zip":null})";
    return text;
  }

  const World& world_;
  ParcelKeys keys_;
  std::int64_t first_day_unix_ms_;
  std::string path_;
  HmacSha256 hmac_;
  std::array<std::string, scan_kind_end> kinds_;  // From the detail's start up to its instant.
  std::vector<std::string> sources_;              // From there up to the place, by carrier.
  std::vector<std::string> carriers_;
  std::vector<std::string> places_;     // By PlaceId.
  std::vector<std::string> doorsteps_;  // By DestinationId.
  std::vector<std::string> weights_;    // By size class.
  std::vector<ScanKind> order_;
};

}  // namespace

Result<std::unique_ptr<WireFormat>> make_easypost(const World& world, const FormatOptions& options) {
  if (options.secret.empty()) {
    return fail(ErrorKind::bad_input, "format easypost: no secret; it signs every message, so set the webhook secret");
  }
  if (std::any_of(options.secret.begin(), options.secret.end(), [](char c) { return c < 0x20 || c > 0x7e; })) {
    return fail(ErrorKind::bad_input,
                "format easypost: the secret has characters beyond printable ASCII, which receivers normalise "
                "differently; use letters, digits and punctuation");
  }
  return std::make_unique<EasyPost>(world, options);
}

}  // namespace peakstorm::wire
