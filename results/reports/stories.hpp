/// What a report tells of single parcels, and of what flows along the lanes: both are read from the run folder's scan
/// stream, in one pass.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <filesystem>
#include <unordered_map>

#include "engine/result.hpp"
#include "results/report.hpp"
#include "results/reports/sqlite_reader.hpp"

namespace peakstorm::reports {

struct ToldScans {
  /// A sample of tracked parcels that broke their promise, some of every cause and place, day, carrier and region:
  /// {parcel, place, cause, carrier, due, region, delivered, scans: [[at_ms, kind, place, shown_ms], ...],
  /// notices: [[at_ms, kind, [[subject, text], ...]], ...]}, a notice in each of `notice_languages()`. Places are
  /// indices; what is not known, or was never shown, is null. `notices` is null where the run sent none to anybody;
  /// `more_scans` is true where ReportLimits::scans_per_story cut the story.
  boost::json::array stories;
  /// {from_ms, step_ms, steps, lanes: [{from, to, values}]}: parcels of the stream that left one place for another, by
  /// day of departure, on the busiest lanes between places of the map. Empty without a stream.
  boost::json::object flows;
};

/// `position`: place_id to its index in the report; the first `on_map` of them are drawn. A folder without a stream has
/// neither stories nor flows; one that is too long (ReportLimits::scans) likewise. Errors: bad_input (a damaged
/// stream), io.
Result<ToldScans> read_told_scans(SqliteReader& run, const std::filesystem::path& run_folder,
                                  const std::unordered_map<std::int64_t, std::size_t>& position, std::size_t on_map,
                                  const ReportLimits& limits);

}  // namespace peakstorm::reports
