// What is known of a parcel, in each API's form. Templates in the language of the push profiles, over their words.
#include <algorithm>
#include <map>

#include "adapters/pull_format.hpp"
#include "adapters/wire/profile.hpp"
#include "adapters/wire/text.hpp"
#include "engine/check.hpp"
#include "engine/hex.hpp"

namespace peakstorm::wire {
namespace {

constexpr std::array<std::string_view, pull_api_count> push_profiles{"ups-track-alert", "usps-tracking-v3", "easypost",
                                                                     "fedex-aiv"};

// UPS's reply; newest activity first. The published schema has no null, so members of which nothing is known are left
// out, and there is one template for each thing that may be known of the delivery.
constexpr std::string_view ups_reply =
    R"({"trackResponse": {"shipment": [{"inquiryNumber": {{tracking_number}}, "package": [
         {"trackingNumber": {{tracking_number}}, @delivery@
          "activity": [{{#history|newest_first}}
            {"location": {"address": {"city": {{scan.place?}}, "stateProvince": {{scan.state?}}}},
             "status": {"type": {{scan.status}}, "description": {{scan.text}}, "code": {{scan.detail}},
               "statusCode": {{scan.code?}}},
             "date": {{scan.at|yyyymmdd}}, "time": {{scan.at|hhmmss}}, "gmtDate": {{scan.at|utc_yyyymmdd}},
             "gmtOffset": {{scan.at|offset}}, "gmtTime": {{scan.at|utc_hhmmss}}} {{/history}}],
          "currentStatus": {"type": {{status.status?}}, "description": {{status.text?}}, "code": {{status.detail?}},
            "statusCode": {{status.code?}}},
          "packageAddress": [{"type": "DESTINATION",
            "address": {"stateProvince": {{destination.region?}}, "postalCode": {{destination}}}}],
          "service": {"description": {{service}}}, "packageCount": 1}]}]}})";
constexpr std::string_view ups_delivered =
    R"("deliveryDate": [{"type": "DEL", "date": {{delivered_at|yyyymmdd}}}],
       "deliveryTime": {"type": "DEL", "endTime": {{delivered_at|hhmmss}}},)";
constexpr std::string_view ups_expected =
    R"("deliveryDate": [{"type": "SDD", "date": {{eta|yyyymmdd}}}], "deliveryTime": {"type": "EOD"},)";

constexpr std::string_view usps_summary =
    R"({"trackingNumber": {{tracking_number}}, "expectedDeliveryDate": {{eta?}},
        "eventSummaries": [{{#history|newest_first}}
          "{{scan.text}}, {{scan.at|date}}, {{scan.at|time}}, {{scan.place}}" {{/history}}]})";
constexpr std::size_t usps_events_max = 99;

/// Built-in templates are part of the program: a fault in one is ours.
Program compiled(std::string_view text, std::string_view name) {
  Result<Program> program = compile_json(text, name);
  PEAKSTORM_CHECK(program.has_value(), program ? std::string() : program.error().message);
  return std::move(*program);
}

const Profile& profile_of(PullApi api) {
  const Profile* profile = find_profile(push_profiles[static_cast<std::size_t>(api)]);
  PEAKSTORM_CHECK(profile != nullptr, api);
  return *profile;
}

std::string record_template(PullApi api, std::string_view delivery) {
  switch (api) {
    case PullApi::ups:
      return filled(ups_reply, {{"delivery", delivery}});
    case PullApi::usps:
      return std::string(usps_tracking_record());
    case PullApi::easypost:
      return easypost_tracker();
    case PullApi::fedex:
      break;
  }
  return fedex_track_result(true);
}

bool is_delivered(std::span<const Scan> history) {
  std::vector<ScanKind> kinds;
  for (const Scan& scan : history) kinds.push_back(scan.kind);
  return status_after(kinds) == ScanKind::delivered;
}

}  // namespace

std::optional<PullApi> pull_api_named(std::string_view name) {
  const auto* const found = std::find(pull_api_names.begin(), pull_api_names.end(), name);
  if (found == pull_api_names.end()) return std::nullopt;
  return static_cast<PullApi>(found - pull_api_names.begin());
}

bool pull_api_knows(PullApi api, const World& world, const ParcelFacts& facts) {
  switch (world.carriers[index(world.services[index(facts.service)].carrier)].number_format) {
    case NumberFormat::ups_1z:
      return api == PullApi::ups || api == PullApi::easypost;
    case NumberFormat::usps_22:
      return api == PullApi::usps || api == PullApi::easypost;
    case NumberFormat::fedex_12:
      return api == PullApi::fedex || api == PullApi::easypost;
    case NumberFormat::plain:
    case NumberFormat::s10:
      break;
  }
  return api == PullApi::easypost;
}

struct PullFormat::Impl {
  Impl(PullApi which, const World& world)
      : api(which),
        texts(world, profile_of(api).words, profile_of(api).carriers),
        renderer(texts),
        record(compiled(record_template(api, ""), pull_api_names[static_cast<std::size_t>(api)])) {
    if (api == PullApi::ups) {
      delivered = compiled(record_template(api, ups_delivered), "ups");
      expected = compiled(record_template(api, ups_expected), "ups");
    }
    if (api == PullApi::usps) summary = compiled(usps_summary, "usps");
    if (api == PullApi::fedex) summary = compiled(fedex_track_result(false), "fedex");
  }

  /// The part of the parcel's history that the API tells.
  [[nodiscard]] ParcelView told(const ParcelView& parcel) const {
    if (api != PullApi::usps || parcel.history.size() <= usps_events_max) return parcel;
    return {parcel.facts, parcel.tracking_number, parcel.history.last(usps_events_max), parcel.scan};
  }

  [[nodiscard]] const Program& record_for(const ParcelView& parcel) const {
    if (api != PullApi::ups) return record;
    if (is_delivered(parcel.history)) return delivered;
    const bool dated = std::any_of(parcel.history.begin(), parcel.history.end(),
                                   [](const Scan& scan) { return scan.eta_day != no_day; });
    return dated ? expected : record;
  }

  PullApi api;
  WorldTexts texts;
  Renderer renderer;
  Program record;
  Program delivered;
  Program expected;
  Program summary;
};

PullFormat::PullFormat(PullApi api, const World& world) : impl_(std::make_unique<Impl>(api, world)) {}
PullFormat::~PullFormat() = default;

void PullFormat::append_record(const ParcelView& parcel, std::string& out) {
  const ParcelView told = impl_->told(parcel);
  impl_->renderer.begin(told);
  impl_->renderer.append(impl_->record_for(told), out);
}

void PullFormat::append_summary(const ParcelView& parcel, std::string& out) {
  PEAKSTORM_CHECK(!impl_->summary.steps.empty(), impl_->api);
  const ParcelView told = impl_->told(parcel);
  impl_->renderer.begin(told);
  impl_->renderer.append(impl_->summary, out);
}

void PullFormat::append_tracker_id(std::uint64_t key, std::string& out) {
  // The same digits as {{key}} in a template.
  out += "trk_";
  append_hex64(out, key);
  append_hex64(out, mix64(key));
}

void PullFormat::append_unknown(std::string_view number, std::uint64_t key, std::string& out) {
  switch (impl_->api) {
    case PullApi::easypost:
      out += R"({"id":")";
      append_tracker_id(key, out);
      out += R"(","object":"Tracker","mode":"test","tracking_code":)";
      append_json_string(out, number);
      out += R"(,"status":"unknown","status_detail":"unknown","created_at":null,"updated_at":null,"signed_by":null,)"
             R"("weight":null,"est_delivery_date":null,"shipment_id":null,"carrier":null,"carrier_detail":null,)"
             R"("fees":[],"tracking_details":[]})";
      return;
    case PullApi::usps: {
      out += R"({"trackingNumber":)";
      append_json_string(out, number);
      out += R"(,"error":)";
      // The error as it stands in the reply to a poll of this number alone.
      std::string whole;
      append_refusal(PullApi::usps, PullRefusal::not_found, number, whole);
      const std::size_t error = whole.find(R"("error":)") + 8;
      out.append(whole, error, whole.size() - error);
      return;
    }
    case PullApi::fedex: {
      out += R"({"trackingNumber":)";
      append_json_string(out, number);
      out += R"(,"trackResults":[{"trackingNumberInfo":{"trackingNumber":)";
      append_json_string(out, number);
      out += R"(,"trackingNumberUniqueId":"","carrierCode":""},"error":{"code":"TRACKING.TRACKINGNUMBER.NOTFOUND",)"
             R"("message":"No such tracking number is known. Check it, or ask again later."}}]})";
      return;
    }
    case PullApi::ups:
      break;
  }
  PEAKSTORM_CHECK(impl_->api != PullApi::ups, impl_->api);
}

}  // namespace peakstorm::wire
