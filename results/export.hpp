/// The streams of a finished run in other programs' words: one row per scan, or per act of a shopper, in the order of
/// the run. One frame of the stream (65,536 rows) is in memory at a time, however long the run. One thread.
///
///   csv    RFC 4180 with a header; an empty cell where there is nothing to say
///   jsonl  an object per line with the same keys; null where there is nothing to say. parcel_id is a text, as
///          Protobuf's JSON has it: many readers keep numbers as doubles, which end at 2^53
///   pb     the messages of results/store/peakstorm.proto, each preceded by its length as a varint
///
/// Columns of scans: at_ms (milliseconds since 00:00 UTC of day 0), at_utc (the same instant, ISO 8601), parcel_id (as
/// in run.sqlite), sequence (counts the parcel's scans), kind, place_id and place (nothing at the doorstep),
/// reported_ms and reported_utc (when the carrier publishes it; nothing when it never does), eta_day and eta_date (the
/// carrier's estimate, local to the destination; nothing where there is none). Of acts: at_ms, at_utc, parcel_id,
/// sequence, kind.
/// Notices are those acts that a shopper was written to, with the text (engine/notices.hpp), and as text they have no
/// pb: at_ms, at_utc, parcel_id, sequence, kind, language, retailer, carrier, order_number (as a replay registers it),
/// tracking_number, promised_date (the first promise), expected_date (of notice_delay), subject, text (its lines end in
/// line ends). Who sent them and with which dates is kept in memory: 24 bytes a tracked parcel.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "engine/ids.hpp"
#include "engine/result.hpp"
#include "results/run_folder.hpp"

namespace peakstorm {

enum class ExportFormat : std::uint8_t { csv, jsonl, pb };
inline constexpr std::array<const char*, 3> export_format_names{"csv", "jsonl", "pb"};  ///< Also the files' endings.

enum class ExportTable : std::uint8_t { scans, acts, notices };
inline constexpr std::array<const char*, 3> export_table_names{"scans", "acts", "notices"};

/// Takes the next bytes, whole rows or messages; an error ends the export and is its result.
using ExportSink = std::function<Result<void>(std::string_view)>;

/// How notices are written.
struct NoticeStyle {
  std::string language = "en";  ///< Of notice_languages().
  std::string link;             ///< To the parcel's page, with {number} where its number stands; empty: none.
  /// Only the world can make it (engine/tracking_number.hpp). Null: notices have neither number nor link.
  std::function<std::string(CarrierId, ParcelId)> tracking_number;
};

/// Rows written. Errors: bad_input when the run kept no streams, or a file of it is damaged, or for notices as pb; io;
/// the sink's.
Result<std::uint64_t> export_rows(const RunReader& run, ExportTable table, ExportFormat format, const ExportSink& sink,
                                  const NoticeStyle& style = {});

/// Likewise into `folder`/scans.csv and so on, which bears another name until it is whole. `watch` sees every piece
/// before it is written and may end the export with an error. Errors: also bad_input when that file is there already;
/// io.
Result<std::uint64_t> export_file(const RunReader& run, ExportTable table, ExportFormat format,
                                  const std::filesystem::path& folder, const ExportSink& watch,
                                  const NoticeStyle& style = {});

}  // namespace peakstorm
