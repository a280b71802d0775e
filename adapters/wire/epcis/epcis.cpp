#include "adapters/wire/epcis/epcis.hpp"

#include <algorithm>

#include "adapters/wire/template/pieces.hpp"
#include "adapters/wire/text.hpp"
#include "engine/check.hpp"

namespace peakstorm::wire {
namespace {

class Epcis final : public WireFormat {
 public:
  Epcis(const World& world, const FormatOptions& options, CaptureErrors errors)
      : world_(world),
        keys_(world),
        first_day_unix_ms_(world.first_day_unix * 1000),
        path_(options.path.empty() ? "/capture" : options.path),
        errors_(errors),
        secret_(options.secret) {
    const auto place = [&](std::string_view name, RegionId region) {
      std::string text = R"("https://peakstorm.example/place/)";
      append_percent_encoded(text, world_.regions[index(region)].name);
      text += '/';
      append_percent_encoded(text, name);
      return text += '"';
    };
    for (const Facility& f : world.facilities) places_.push_back(place(f.name, f.region));
    for (const ShipNode& n : world.nodes) places_.push_back(place(n.name, n.region));
    for (const Destination& d : world.destinations) doorsteps_.push_back(place("", d.region));
  }

  [[nodiscard]] std::string_view name() const override {
    return errors_ == CaptureErrors::rollback ? "epcis" : "epcis-proceed";
  }
  [[nodiscard]] bool carries_history() const override { return true; }  // For what a retraction takes back.
  [[nodiscard]] const ShownKinds& shown() const override { return epcis_shown(); }
  [[nodiscard]] DeliveryLimits limits() const override {
    DeliveryLimits limits;
    limits.batch_max = epcis_batch_max;
    return limits;
  }

  /// 202 is a promise to try, no acknowledgement.
  [[nodiscard]] bool accepts(unsigned status) const override { return status == 201; }
  [[nodiscard]] Receipt receipt(unsigned status, std::string_view location, std::string_view body,
                                std::string& job) const override {
    CaptureReply reply = read_capture_reply(status, location, body);
    job = std::move(reply.job);
    switch (reply.step) {
      case CaptureStep::poll:
        return Receipt::pending;
      case CaptureStep::stored:
        return Receipt::kept;
      case CaptureStep::again:
        return Receipt::again;
      case CaptureStep::split:
        return Receipt::split;
      case CaptureStep::refuse:
        break;
    }
    return Receipt::refused;
  }
  [[nodiscard]] Receipt job_receipt(unsigned status, std::string_view body, std::span<const std::string> ids,
                                    std::vector<bool>& refused) const override {
    if (status != 200) return Receipt::pending;  // Not found at first, busy, restarting: the asking has its bounds.
    const auto job = read_capture_job(body);
    if (!job) return Receipt::pending;
    switch (fate_of(*job)) {
      case CaptureFate::pending:
        return Receipt::pending;
      case CaptureFate::kept:
        return Receipt::kept;
      case CaptureFate::partly:
        // Where an error names no event of ours, none of them is known to be kept.
        if (name_refused(*job, ids, refused)) return Receipt::partly;
        break;
      case CaptureFate::lost:
        break;
    }
    return Receipt::refused;
  }

  [[nodiscard]] std::string event_id(const ParcelView& parcel) const override {
    const Scan* wrong = parcel.scan.kind == ScanKind::retracted ? taken_back(parcel) : nullptr;
    std::string id = "urn:uuid:";
    append_uuid(id, parcel.facts.id, wrong != nullptr ? *wrong : parcel.scan);
    return id;
  }

  void encode(const ParcelView& parcel, Message& out) override { encode_batch({&parcel, 1}, out); }

  void encode_batch(std::span<const ParcelView> parcels, Message& out) override {
    PEAKSTORM_CHECK(!parcels.empty(), parcels.size());
    out.clear();
    out.method = "POST";
    out.path = path_;
    out.headers = errors_ == CaptureErrors::rollback
                      ? "Content-Type: application/json\r\nGS1-EPCIS-Version: 2.0.0\r\nGS1-CBV-Version: 2.0.0\r\n"
                        "GS1-Capture-Error-Behaviour: rollback\r\n"
                      : "Content-Type: application/json\r\nGS1-EPCIS-Version: 2.0.0\r\nGS1-CBV-Version: 2.0.0\r\n"
                        "GS1-Capture-Error-Behaviour: proceed\r\n";
    std::string& body = out.body;
    body += R"({"@context":["https://ref.gs1.org/standards/epcis/epcis-context.jsonld"],)";
    body += R"("type":"EPCISDocument","schemaVersion":"2.0","creationDate":")";
    append_utc(body, unix_ms(parcels.back().scan.reported));
    body += R"(","epcisBody":{"eventList":[)";
    for (const ParcelView& parcel : parcels) {
      if (&parcel != &parcels.front()) body += ',';
      append_event(parcel, body);
    }
    body += "]}}";
  }

  void sign(std::int64_t /*unix_ms*/, Message& message) override {
    if (secret_.empty()) return;
    message.headers.append("Authorization: Bearer ").append(secret_).append("\r\n");
  }

 private:
  [[nodiscard]] std::int64_t unix_ms(SimTime at) const { return first_day_unix_ms_ + at.time_since_epoch().count(); }

  /// The delivery that this retraction takes back: the last one before it that no other has taken back.
  static const Scan* taken_back(const ParcelView& parcel) {
    std::size_t retractions = 0;
    bool before = false;
    for (std::size_t i = parcel.history.size(); i > 0; --i) {
      const Scan& scan = parcel.history[i - 1];
      if (scan.sequence == parcel.scan.sequence) {
        before = true;
      } else if (before && scan.kind == ScanKind::retracted) {
        ++retractions;
      } else if (before && scan.kind == ScanKind::delivered) {
        if (retractions == 0) return &scan;
        --retractions;
      }
    }
    return nullptr;
  }

  void append_event(const ParcelView& parcel, std::string& body) const {
    const Scan* wrong = parcel.scan.kind == ScanKind::retracted ? taken_back(parcel) : nullptr;
    const Scan& scan = wrong != nullptr ? *wrong : parcel.scan;
    const bool door = scan.place == no_place;
    const ZoneId zone = door                         ? world_.destinations[index(parcel.facts.destination)].zone
                        : world_.is_node(scan.place) ? world_.nodes[index(scan.place) - world_.facilities.size()].zone
                                                     : world_.facilities[index(scan.place)].zone;
    body += R"({"type":"ObjectEvent","action":")";
    body += scan.kind == ScanKind::label_created ? "ADD" : "OBSERVE";
    body += R"(","eventID":"urn:uuid:)";
    append_uuid(body, parcel.facts.id, scan);
    body += R"(","eventTime":")";
    append_utc(body, unix_ms(scan.at));
    body += R"(","eventTimeZoneOffset":")";
    append_offset(body, world_.zones[index(zone)].offset_at(scan.at).count() / 60'000, ':');
    body += R"(","epcList":["https://peakstorm.example/parcel/)";
    append_percent_encoded(body, parcel.tracking_number);
    body += R"("],"bizStep":")";
    const EpcisStep step = epcis_step(scan.kind);
    if (step.own) body += epcis_own_prefix;
    body += step.biz_step;
    if (!step.disposition.empty()) body.append(R"(","disposition":")").append(step.disposition);
    body += R"(","readPoint":{"id":)";
    body += door ? doorsteps_[index(parcel.facts.destination)] : places_[index(scan.place)];
    body += '}';
    if (wrong != nullptr) {
      body += R"(,"errorDeclaration":{"declarationTime":")";
      append_utc(body, unix_ms(parcel.scan.at));
      body += R"(","reason":"did_not_occur"})";
    }
    body += '}';
  }

  void append_uuid(std::string& body, ParcelId id, const Scan& scan) const {
    const std::uint64_t key = keys_.of(id);
    wire::append_uuid(body, hash64(key, scan.sequence), hash64(scan.sequence, key));
  }

  const World& world_;
  ParcelKeys keys_;
  std::int64_t first_day_unix_ms_;
  std::string path_;
  CaptureErrors errors_;
  std::string secret_;
  std::vector<std::string> places_;     // By PlaceId.
  std::vector<std::string> doorsteps_;  // By DestinationId.
};

}  // namespace

Result<std::unique_ptr<WireFormat>> make_epcis(const World& world, const FormatOptions& options, CaptureErrors errors) {
  if (std::any_of(options.secret.begin(), options.secret.end(), [](char c) { return c < 0x20 || c > 0x7e; })) {
    return fail(
        ErrorKind::bad_input,
        "format epcis: the secret is a bearer token and has characters that a header cannot carry; use letters, "
        "digits and punctuation");
  }
  return std::make_unique<Epcis>(world, options, errors);
}

}  // namespace peakstorm::wire
