/// report.html: what a run meant, for people. One file, no network, readable on a phone.
///
/// The page (results/reports/page) is built once and stands in the library as a template; a report is that
/// template with the run's measures inside. All numbers come from the run folder's run.sqlite, none is
/// computed twice: what the page shows can be checked with a SQL prompt. The stories of single parcels and the flows on
/// the map come from its scan stream, where there is one. In English and Spanish: the browser's language decides, the
/// reader may change it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "engine/result.hpp"

namespace peakstorm {

/// Limits that keep a report of a large run small enough to mail.
struct ReportLimits {
  std::size_t load_samples = 240'000;  ///< Backlog samples over all places; the step grows to stay below.
  std::size_t map_places = 500;        ///< Places on the map: those with the highest backlog; no background ship nodes.
  std::size_t lanes = 2'000;
  std::size_t cause_rows = 200;       ///< Rows of "where promises were lost".
  std::size_t replay_points = 400;    ///< Points in time of the endpoint's charts.
  std::size_t examples_per_kind = 3;  ///< Stories per kind of finding.
  std::size_t stories = 300;          ///< Parcels behind the numbers.
  std::size_t scans_per_story = 80;   ///< What comes after is left out, and the page says so.
  std::size_t notices_per_story = 8;
  std::size_t flows = 80;            ///< Lanes whose flow is drawn.
  std::uint64_t scans = 40'000'000;  ///< A longer stream is not read: it would take minutes.
};

/// The data of a report as one JSON object, as the page reads it. Errors: bad_input when the folder has no
/// run.sqlite or one of another schema version (the cure is named), io when it cannot be read.
Result<std::string> report_json(const std::filesystem::path& run_folder, const ReportLimits& limits = {});

/// Writes `run_folder`/report.html. An older one is replaced in one step: no reader ever sees half a report.
/// Errors: as above, and io when the file cannot be written.
Result<void> write_report(const std::filesystem::path& run_folder, const ReportLimits& limits = {});

/// Writes `file`: two runs side by side, `second` against `first`, each under the name of its folder. Likewise.
Result<void> write_pair(const std::filesystem::path& first, const std::filesystem::path& second,
                        const std::filesystem::path& file);
/// Its data: {"names": [...], "pair": [...]}, with each run's as report_json gives it, without backlog over time.
Result<std::string> pair_json(const std::filesystem::path& first, const std::filesystem::path& second);

}  // namespace peakstorm
