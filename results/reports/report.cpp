#include "results/report.hpp"

#include <fstream>
#include <system_error>

#include "results/reports/script_json.hpp"
#include "results/reports/template.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;

/// The page with `data` inside, written beside its place and renamed into it: a rename within a folder is atomic.
Result<void> write_page(const std::string& data, const fs::path& target) {
  std::string html;
  for (const std::string_view piece : reports::template_pieces(reports::Page::report)) html += piece;
  const std::size_t marker = html.find(reports::data_marker);
  html.replace(marker, reports::data_marker.size(), reports::for_script(data));

  fs::path draft = target;
  draft += ".part";
  std::ofstream file(draft, std::ios::binary | std::ios::trunc);
  file.write(html.data(), static_cast<std::streamsize>(html.size()));
  file.close();
  if (!file) {
    std::error_code ignored;
    fs::remove(draft, ignored);
    return fail(ErrorKind::io, draft.string() + ": cannot be written; check the disk's space and the folder's rights");
  }
  std::error_code code;
  fs::rename(draft, target, code);
  if (code) return fail(ErrorKind::io, target.string() + ": cannot be replaced (" + code.message() + ")");
  return {};
}

}  // namespace

Result<void> write_report(const fs::path& run_folder, const ReportLimits& limits) {
  const Result<std::string> data = report_json(run_folder, limits);
  if (!data) return tl::unexpected<Error>(data.error());
  return write_page(*data, run_folder / "report.html");
}

Result<void> write_pair(const fs::path& first, const fs::path& second, const fs::path& file) {
  const Result<std::string> data = pair_json(first, second);
  if (!data) return tl::unexpected<Error>(data.error());
  return write_page(*data, file);
}

}  // namespace peakstorm
