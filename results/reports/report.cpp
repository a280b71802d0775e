#include "results/report.hpp"

#include <fstream>
#include <system_error>

#include "results/reports/script_json.hpp"
#include "results/reports/template.hpp"

namespace peakstorm {

Result<void> write_report(const std::filesystem::path& run_folder, const ReportLimits& limits) {
  Result<std::string> data = report_json(run_folder, limits);
  if (!data) return tl::unexpected<Error>(data.error());

  std::string html;
  for (const std::string_view piece : reports::template_pieces()) html += piece;
  const std::size_t marker = html.find(reports::data_marker);
  html.replace(marker, reports::data_marker.size(), reports::for_script(*data));

  // Written beside its place and renamed into it: a rename within a folder is atomic.
  const std::filesystem::path target = run_folder / "report.html";
  const std::filesystem::path draft = run_folder / "report.html.part";
  std::ofstream file(draft, std::ios::binary | std::ios::trunc);
  file.write(html.data(), static_cast<std::streamsize>(html.size()));
  file.close();
  if (!file) {
    std::error_code ignored;
    std::filesystem::remove(draft, ignored);
    return fail(ErrorKind::io, draft.string() + ": cannot be written; check the disk's space and the folder's rights");
  }
  std::error_code code;
  std::filesystem::rename(draft, target, code);
  if (code) return fail(ErrorKind::io, target.string() + ": cannot be replaced (" + code.message() + ")");
  return {};
}

}  // namespace peakstorm
