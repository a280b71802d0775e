#include "adapters/wire/cloudevents/cloudevents.hpp"

#include <array>
#include <optional>

#include "adapters/wire/hmac.hpp"
#include "adapters/wire/pieces.hpp"
#include "adapters/wire/text.hpp"

namespace peakstorm::wire {
namespace {

class CloudEvents final : public WireFormat {
 public:
  CloudEvents(const World& world, const FormatOptions& options, CloudEventsMode mode)
      : world_(world),
        keys_(world),
        mode_(mode),
        first_day_unix_ms_(world.first_day_unix * 1000),
        path_(options.path.empty() ? "/webhooks/cloudevents" : options.path) {
    if (!options.secret.empty()) hmac_.emplace(options.secret);
    for (const Carrier& carrier : world.carriers) {
      std::string source = "/carriers/";
      append_percent_encoded(source, carrier.name);
      sources_.push_back(std::move(source));
      std::string name;
      append_json_string(name, carrier.name);
      carriers_.push_back(std::move(name));
    }
    for (const Facility& facility : world.facilities) places_.push_back(place(facility.name, facility.region));
    for (const ShipNode& node : world.nodes) places_.push_back(place(node.name, node.region));
    for (const Destination& destination : world.destinations) doorsteps_.push_back(place({}, destination.region));
    for (const SizeClass& size : world.sizes) weights_.push_back(std::to_string(size.weight_g));
  }

  [[nodiscard]] std::string_view name() const override {
    return mode_ == CloudEventsMode::structured ? "cloudevents" : "cloudevents-binary";
  }
  [[nodiscard]] bool carries_history() const override { return false; }
  [[nodiscard]] const ShownKinds& shown() const override { return identity_shown(); }

  void encode(const ParcelView& parcel, Message& out) override {
    const std::size_t carrier = index(world_.services[index(parcel.facts.service)].carrier);
    out.method = "POST";
    out.path = path_;
    out.headers.clear();
    out.body.clear();
    if (mode_ == CloudEventsMode::structured) {
      std::string& body = out.body;
      body += R"({"specversion":"1.0","id":")";
      append_id(parcel, body);
      body += R"(","source":")";
      body += sources_[carrier];
      body += R"(","type":"peakstorm.scan.)";
      body += scan_kind_names[index(parcel.scan.kind)];
      body += R"(","subject":)";
      append_json_string(body, parcel.tracking_number);
      body += R"(,"time":")";
      append_time(parcel, body);
      body += R"(","datacontenttype":"application/json","data":)";
      append_data(parcel, carrier, body);
      body += '}';
      out.headers += "Content-Type: application/cloudevents+json; charset=utf-8\r\n";
    } else {
      std::string& headers = out.headers;
      headers += "Content-Type: application/json; charset=utf-8\r\nce-specversion: 1.0\r\nce-id: ";
      append_id(parcel, headers);
      headers += "\r\nce-source: ";
      headers += sources_[carrier];
      headers += "\r\nce-type: peakstorm.scan.";
      headers += scan_kind_names[index(parcel.scan.kind)];
      headers += "\r\nce-subject: ";
      append_percent_encoded(headers, parcel.tracking_number);
      headers += "\r\nce-time: ";
      append_time(parcel, headers);
      headers += "\r\n";
      append_data(parcel, carrier, out.body);
    }
  }

  void sign(std::int64_t /*unix_ms*/, Message& message) override {
    if (!hmac_) return;
    message.headers += "X-Hmac-Signature: hmac-sha256-hex=";
    hmac_->append_hex(message.body, message.headers);
    message.headers += "\r\n";
  }

 private:
  void append_id(const ParcelView& parcel, std::string& text) const {
    const std::uint64_t key = keys_.of(parcel.facts.id);
    append_hex64(text, hash64(key, parcel.scan.sequence));
    append_hex64(text, hash64(parcel.scan.sequence, key));
  }

  [[nodiscard]] std::int64_t unix_ms(SimTime at) const { return first_day_unix_ms_ + at.time_since_epoch().count(); }

  void append_time(const ParcelView& parcel, std::string& text) const {
    const PlaceId place = parcel.scan.place;
    const ZoneId zone = place == no_place       ? world_.destinations[index(parcel.facts.destination)].zone
                        : world_.is_node(place) ? world_.nodes[index(place) - world_.facilities.size()].zone
                                                : world_.facilities[index(place)].zone;
    append_local(text, unix_ms(parcel.scan.at), world_.zones[index(zone)].offset_at(parcel.scan.at));
  }

  void append_data(const ParcelView& parcel, std::size_t carrier, std::string& body) const {
    const Scan& scan = parcel.scan;
    body += R"({"tracking_number":)";
    append_json_string(body, parcel.tracking_number);
    body += R"(,"carrier":)";
    body += carriers_[carrier];
    body += R"(,"kind":")";
    body += scan_kind_names[index(scan.kind)];
    body += R"(","sequence":)";
    append_integer(body, scan.sequence);
    body += R"(,"occurred_at":")";
    append_time(parcel, body);
    body += R"(","reported_at":")";
    append_utc(body, unix_ms(scan.reported));
    body += R"(","place":)";
    body += scan.place == no_place ? doorsteps_[index(parcel.facts.destination)] : places_[index(scan.place)];
    body += R"(,"eta_date":)";
    if (scan.eta_day == no_day) {
      body += "null";
    } else {
      body += '"';
      append_date(body, unix_day(world_, scan.eta_day));
      body += '"';
    }
    body += R"(,"weight_g":)";
    body += parcel.facts.size < weights_.size() ? std::string_view(weights_[parcel.facts.size]) : "null";
    body += '}';
  }

  /// The value of "place" and the member "region" behind it.
  std::string place(std::string_view name, RegionId region) const {
    std::string text;
    if (name.empty()) {
      text += "null";
    } else {
      append_json_string(text, name);
    }
    text += R"(,"region":)";
    append_json_string(text, world_.regions[index(region)].name);
    return text;
  }

  const World& world_;
  ParcelKeys keys_;
  CloudEventsMode mode_;
  std::int64_t first_day_unix_ms_;
  std::string path_;
  std::optional<HmacSha256> hmac_;
  std::vector<std::string> sources_;    // By CarrierId, percent-encoded.
  std::vector<std::string> carriers_;   // By CarrierId, as JSON.
  std::vector<std::string> places_;     // By PlaceId.
  std::vector<std::string> doorsteps_;  // By DestinationId.
  std::vector<std::string> weights_;    // By size class.
};

}  // namespace

std::unique_ptr<WireFormat> make_cloudevents(const World& world, const FormatOptions& options, CloudEventsMode mode) {
  return std::make_unique<CloudEvents>(world, options, mode);
}

}  // namespace peakstorm::wire
