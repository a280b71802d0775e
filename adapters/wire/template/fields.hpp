/// Names of the template language: fields and filters, and which filter fits which field.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace peakstorm::wire {

enum class Field : std::uint8_t {
  // Of the parcel.
  tracking_number,
  carrier,
  carrier_slug,
  carrier_number,
  service,
  key,
  ordered,
  promise_date,
  window_from,
  window_to,
  destination,
  destination_region,
  destination_zone,
  weight_g,
  weight_oz,
  eta,
  eta_first,
  delivered_at,
  status_kind,
  status_status,
  status_detail,
  status_code,
  status_text,
  status_action,
  status_is_new,
  before_status,
  payload,
  // Of a scan: the new one, or that of the loop.
  scan_id,
  scan_kind,
  scan_sequence,
  scan_at,
  scan_reported,
  scan_place,
  scan_region,
  scan_state,
  scan_zone,
  scan_eta,
  scan_status,
  scan_detail,
  scan_code,
  scan_text,
  scan_action,
  scan_delivered_at,
  // Of the scan that happened last.
  last_at,
  last_place,
  last_region,
  last_state,
};

enum class Type : std::uint8_t { text, number, ounces, instant, date, time_of_day, id, flag };

struct FieldName {
  std::string_view name;
  Field field;
  Type type;
  bool needs_history = false;
};
/// "id" in front of a type: 32 hex digits.
inline constexpr std::array field_names{
    FieldName{"tracking_number", Field::tracking_number, Type::text},
    FieldName{"carrier", Field::carrier, Type::text},
    FieldName{"carrier.slug", Field::carrier_slug, Type::text},
    FieldName{"carrier.number", Field::carrier_number, Type::number},
    FieldName{"service", Field::service, Type::text},
    FieldName{"key", Field::key, Type::id},
    FieldName{"ordered", Field::ordered, Type::instant},
    FieldName{"promise_date", Field::promise_date, Type::date},
    FieldName{"window_from", Field::window_from, Type::time_of_day},
    FieldName{"window_to", Field::window_to, Type::time_of_day},
    FieldName{"destination", Field::destination, Type::text},
    FieldName{"destination.region", Field::destination_region, Type::text},
    FieldName{"destination.zone", Field::destination_zone, Type::text},
    FieldName{"weight_g", Field::weight_g, Type::number},
    FieldName{"weight_oz", Field::weight_oz, Type::ounces},
    FieldName{"eta", Field::eta, Type::date, true},
    FieldName{"eta.first", Field::eta_first, Type::date, true},
    FieldName{"delivered_at", Field::delivered_at, Type::instant, true},
    FieldName{"status.kind", Field::status_kind, Type::text, true},
    FieldName{"status.status", Field::status_status, Type::text, true},
    FieldName{"status.detail", Field::status_detail, Type::text, true},
    FieldName{"status.code", Field::status_code, Type::text, true},
    FieldName{"status.text", Field::status_text, Type::text, true},
    FieldName{"status.action", Field::status_action, Type::flag, true},
    FieldName{"status.is_new", Field::status_is_new, Type::flag, true},
    FieldName{"before.status", Field::before_status, Type::text, true},
    FieldName{"payload", Field::payload, Type::text},
    FieldName{"scan.id", Field::scan_id, Type::id},
    FieldName{"scan.kind", Field::scan_kind, Type::text},
    FieldName{"scan.sequence", Field::scan_sequence, Type::number},
    FieldName{"scan.at", Field::scan_at, Type::instant},
    FieldName{"scan.reported", Field::scan_reported, Type::instant},
    FieldName{"scan.place", Field::scan_place, Type::text},
    FieldName{"scan.region", Field::scan_region, Type::text},
    FieldName{"scan.state", Field::scan_state, Type::text},
    FieldName{"scan.zone", Field::scan_zone, Type::text},
    FieldName{"scan.eta", Field::scan_eta, Type::date},
    FieldName{"scan.status", Field::scan_status, Type::text},
    FieldName{"scan.detail", Field::scan_detail, Type::text},
    FieldName{"scan.code", Field::scan_code, Type::text},
    FieldName{"scan.text", Field::scan_text, Type::text},
    FieldName{"scan.action", Field::scan_action, Type::flag},
    FieldName{"scan.delivered_at", Field::scan_delivered_at, Type::instant},
    FieldName{"last.at", Field::last_at, Type::instant, true},
    FieldName{"last.place", Field::last_place, Type::text, true},
    FieldName{"last.region", Field::last_region, Type::text, true},
    FieldName{"last.state", Field::last_state, Type::text, true},
};

enum class Filter : std::uint8_t {
  plain,
  // Instants.
  rfc3339,
  rfc3339_s,
  local,
  local_s,
  naive,
  naive_utc,
  unix_s,
  unix_ms,
  date,
  time,
  hhmmss,
  yyyymmdd,
  utc_hhmmss,
  utc_yyyymmdd,
  offset,
  offset_dot,
  offset_minutes,
  // Dates.
  midnight_z,
  // Ounces.
  shortest,
  // Ids.
  uuid,
  // Text.
  url,
};

struct FilterName {
  std::string_view name;
  Filter filter;
  Type type;
  bool number = false;  ///< A bare number in JSON.
};
inline constexpr std::array filter_names{
    FilterName{"rfc3339", Filter::rfc3339, Type::instant},
    FilterName{"rfc3339_s", Filter::rfc3339_s, Type::instant},
    FilterName{"local", Filter::local, Type::instant},
    FilterName{"local_s", Filter::local_s, Type::instant},
    FilterName{"naive", Filter::naive, Type::instant},
    FilterName{"naive_utc", Filter::naive_utc, Type::instant},
    FilterName{"unix", Filter::unix_s, Type::instant, true},
    FilterName{"unix_ms", Filter::unix_ms, Type::instant, true},
    FilterName{"date", Filter::date, Type::instant},
    FilterName{"time", Filter::time, Type::instant},
    FilterName{"hhmmss", Filter::hhmmss, Type::instant},
    FilterName{"yyyymmdd", Filter::yyyymmdd, Type::instant},
    FilterName{"utc_hhmmss", Filter::utc_hhmmss, Type::instant},
    FilterName{"utc_yyyymmdd", Filter::utc_yyyymmdd, Type::instant},
    FilterName{"offset", Filter::offset, Type::instant},
    FilterName{"offset_dot", Filter::offset_dot, Type::instant},
    FilterName{"offset_minutes", Filter::offset_minutes, Type::instant, true},
    FilterName{"midnight_z", Filter::midnight_z, Type::date},
    FilterName{"yyyymmdd", Filter::yyyymmdd, Type::date},
    FilterName{"hhmmss", Filter::hhmmss, Type::time_of_day},
    FilterName{"shortest", Filter::shortest, Type::ounces, true},
    FilterName{"uuid", Filter::uuid, Type::id},
    FilterName{"url", Filter::url, Type::text},
};

}  // namespace peakstorm::wire
