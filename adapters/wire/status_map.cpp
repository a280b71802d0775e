#include "adapters/status_map.hpp"

#include <algorithm>
#include <string>

#include "engine/check.hpp"

namespace peakstorm::wire {
namespace {

// EasyPost's vocabulary is that of its public API reference (Tracker object: status, status_detail).
constexpr std::array<EasyPostStatus, scan_kind_end> easypost{{
    {},
    {"pre_transit", "label_created", "Shipping label created, carrier awaiting parcel"},
    {"in_transit", "received_at_origin_facility", "Accepted at origin facility"},
    {"in_transit", "departed_facility", "Departed facility"},
    {"in_transit", "arrived_at_facility", "Arrived at facility"},
    {"in_transit", "in_transit", "Processed at facility"},
    {"in_transit", "in_transit", "Inbound into customs"},
    {"in_transit", "held", "Held in customs"},
    {"in_transit", "in_transit", "Cleared customs"},
    {"out_for_delivery", "out_for_delivery", "Out for delivery"},
    {"failure", "delivery_exception", "Delivery attempted, nobody available"},
    {"available_for_pickup", "arrived_at_pickup_location", "Available for pickup"},
    {"delivered", "arrived_at_destination", "Delivered"},
    {"in_transit", "weather_delay", "Delayed by weather"},
    {"in_transit", "delayed", "Delayed"},
    {"in_transit", "held", "Held at facility"},
    {"in_transit", "missorted", "Missorted, being rerouted"},
    {"failure", "damaged", "Damaged in transit"},
    {"failure", "lost", "Parcel is lost"},
    {"return_to_sender", "return", "Returning to sender"},
    {"return_to_sender", "arrived_at_destination", "Returned to sender"},
    {"cancelled", "cancelled", "Shipment cancelled"},
    {"in_transit", "status_update", "Estimated delivery date changed"},
    {"in_transit", "transit_exception", "Delivery scan was a mistake, parcel still in transit"},
}};

struct Word {
  std::string_view status;
  std::string_view detail;  // Empty: any other detail of this status.
  ScanKind kind;
};

// Reading: more words than we write, because other senders use all of EasyPost's details. The first
// match counts, so each status's catch-all comes last.
constexpr std::array reading{
    Word{"pre_transit", "", ScanKind::label_created},
    Word{"in_transit", "received_at_origin_facility", ScanKind::accepted},
    Word{"in_transit", "departed_facility", ScanKind::departed},
    Word{"in_transit", "departed_origin_facility", ScanKind::departed},
    Word{"in_transit", "transferred_to_destination_carrier", ScanKind::departed},
    Word{"in_transit", "arrived_at_facility", ScanKind::arrived},
    Word{"in_transit", "received_at_destination_facility", ScanKind::arrived},
    Word{"in_transit", "weather_delay", ScanKind::delay_weather},
    Word{"in_transit", "delayed", ScanKind::delay_other},
    Word{"in_transit", "held", ScanKind::held},
    Word{"in_transit", "awaiting_information", ScanKind::held},
    Word{"in_transit", "missorted", ScanKind::misrouted},
    Word{"in_transit", "address_correction", ScanKind::misrouted},
    Word{"in_transit", "status_update", ScanKind::eta_changed},
    Word{"in_transit", "transit_exception", ScanKind::retracted},
    Word{"in_transit", "", ScanKind::processed},
    Word{"out_for_delivery", "", ScanKind::out_for_delivery},
    Word{"failure", "damaged", ScanKind::damaged},
    Word{"failure", "lost", ScanKind::lost},
    Word{"failure", "", ScanKind::attempted},
    Word{"available_for_pickup", "", ScanKind::ready_pickup},
    Word{"delivered", "", ScanKind::delivered},
    Word{"return_to_sender", "arrived_at_destination", ScanKind::returned},
    Word{"return_to_sender", "", ScanKind::returning},
    Word{"cancelled", "", ScanKind::cancelled},
};

// CBV 2.0 words, by ScanKind number.
constexpr std::array<EpcisStep, scan_kind_end> epcis{{
    {},
    {"commissioning", "active"},
    {"collecting", "in_progress"},
    {"departing", "in_transit"},
    {"arriving", "in_transit"},
    {"transporting", "in_transit"},
    {"inspecting", "in_progress"},
    {"holding", "in_progress"},
    {"inspecting", "conformant"},
    {"out_for_delivery", "in_transit", true},
    {"delivery_attempted", "in_transit", true},
    {"staging_outbound", "available"},
    {"accepting", ""},
    {"holding", "in_progress"},
    {"holding", "in_progress"},
    {"holding", "in_progress"},
    {"misrouted", "in_transit", true},
    {"inspecting", "damaged"},
    {"other", "unknown"},
    {"shipping", "returned"},
    {"receiving", "returned"},
    {"void_shipping", "inactive"},
    {"eta_changed", "in_transit", true},
    {"delivery_retracted", "in_transit", true},
}};
// What reads as another kind that has the same words.
constexpr std::array not_canonical{ScanKind::customs_held, ScanKind::delay_weather, ScanKind::delay_other};

/// A CBV word without the URI or URN before it.
std::string_view bare(std::string_view word, std::string_view uri, std::string_view urn) {
  for (const std::string_view before : {uri, urn}) {
    if (word.starts_with(before)) word.remove_prefix(before.size());
  }
  return word;
}

bool named(ScanKind kind) {
  return index(kind) > 0 && index(kind) < scan_kind_end;
}

ShownKinds table(std::optional<ScanKind> (*shown)(ScanKind)) {
  ShownKinds kinds{};
  for (std::size_t i = 1; i < scan_kind_end; ++i) kinds[i] = shown(static_cast<ScanKind>(i));
  return kinds;
}

}  // namespace

EasyPostStatus easypost_status(ScanKind kind) {
  PEAKSTORM_CHECK(named(kind), kind);
  return easypost[index(kind)];
}

std::optional<ScanKind> kind_of_easypost(std::string_view status, std::string_view detail) {
  const auto* const word = std::find_if(reading.begin(), reading.end(), [&](const Word& w) {
    return w.status == status && (w.detail.empty() || w.detail == detail);
  });
  if (word == reading.end()) return std::nullopt;
  return word->kind;
}

const ShownKinds& easypost_shown() {
  static const ShownKinds kinds = table([](ScanKind kind) {
    const EasyPostStatus words = easypost_status(kind);
    return kind_of_easypost(words.status, words.detail);
  });
  return kinds;
}

EpcisStep epcis_step(ScanKind kind) {
  PEAKSTORM_CHECK(named(kind), kind);
  return epcis[index(kind)];
}

std::optional<ScanKind> kind_of_epcis(std::string_view biz_step, std::string_view disposition) {
  const bool own = biz_step.starts_with(epcis_own_prefix);
  if (own) biz_step.remove_prefix(epcis_own_prefix.size());
  const EpcisStep told{bare(biz_step, "https://ref.gs1.org/cbv/BizStep-", "urn:epcglobal:cbv:bizstep:"),
                       bare(disposition, "https://ref.gs1.org/cbv/Disp-", "urn:epcglobal:cbv:disp:"), own};
  for (std::size_t i = 1; i < scan_kind_end; ++i) {
    const auto kind = static_cast<ScanKind>(i);
    if (std::find(not_canonical.begin(), not_canonical.end(), kind) != not_canonical.end()) continue;
    if (epcis[i].biz_step == told.biz_step && epcis[i].disposition == told.disposition && epcis[i].own == told.own) {
      return kind;
    }
  }
  return std::nullopt;
}

const ShownKinds& epcis_shown() {
  static const ShownKinds kinds = table([](ScanKind kind) {
    const EpcisStep words = epcis[index(kind)];
    return words.own ? kind_of_epcis(std::string(epcis_own_prefix) + std::string(words.biz_step), words.disposition)
                     : kind_of_epcis(words.biz_step, words.disposition);
  });
  return kinds;
}

std::optional<ScanKind> kind_of_name(std::string_view name) {
  for (std::size_t i = 1; i < scan_kind_end; ++i) {
    if (name == scan_kind_names[i]) return static_cast<ScanKind>(i);
  }
  return std::nullopt;
}

const ShownKinds& identity_shown() {
  static const ShownKinds kinds = table([](ScanKind kind) { return std::optional(kind); });
  return kinds;
}

std::optional<ScanKind> status_after(std::span<const ScanKind> kinds) {
  std::size_t retractions = 0;
  for (std::size_t i = kinds.size(); i > 0; --i) {
    const ScanKind kind = kinds[i - 1];
    if (kind == ScanKind::retracted) {
      ++retractions;
    } else if (kind == ScanKind::delivered && retractions > 0) {
      --retractions;
    } else if (is_milestone(kind)) {
      return kind;
    }
  }
  return std::nullopt;
}

}  // namespace peakstorm::wire
