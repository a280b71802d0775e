#include <fmt/format.h>

#include <boost/json.hpp>
#include <exception>
#include <system_error>

#include "results/run_folder.hpp"
#include "results/store/manifest.hpp"
#include "results/store/stream.hpp"
#include "results/store/tables.hpp"

namespace peakstorm {

namespace fs = std::filesystem;
namespace json = boost::json;

Result<ReplayFolder> ReplayFolder::create(const RunReader& run, const fs::path& folder) {
  // Before the folder is made: nobody is left with half of one.
  if (auto takes = store::check_takes_replay(run.folder() / store::tables_name); !takes) {
    return tl::unexpected(takes.error());
  }
  store::FileCalls& calls = store::system_calls();
  if (auto made = store::make_empty_folder(folder, calls); !made) return tl::unexpected(made.error());
  for (const Manifest::File& file : run.manifest().files) {
    // Of the run's own replay: the report, and the search for its limit.
    if (file.name == "report.html" || file.name == "limit.json") continue;
    const fs::path target = folder / file.name;
    std::error_code problem;
    fs::create_directories(target.parent_path(), problem);
    if (!problem) fs::copy_file(run.folder() / file.name, target, problem);
    if (problem) {
      return fail(ErrorKind::io, fmt::format("{}: cannot copy to {}: {}", (run.folder() / file.name).string(),
                                             folder.string(), problem.message()));
    }
  }
  return ReplayFolder(folder, run.folder() / store::manifest_name);
}

Result<void> ReplayFolder::write_tables(const ReplayResults& results, const MeasureMap& named,
                                        std::span<const GateResult> gates, const std::string& command_line,
                                        bool partial) {
  command_line_ = command_line;
  partial_ = partial;
  return store::replace_replay(folder_ / store::tables_name, results, named, gates, command_line, partial);
}

Result<void> ReplayFolder::seal() {
  auto text = store::read_text(manifest_);
  if (!text) return tl::unexpected(text.error());
  json::object manifest;
  try {
    manifest = json::parse(*text).as_object();
  } catch (const std::exception& problem) {
    return fail(ErrorKind::bad_input,
                fmt::format("{}: {}; it has changed since it was read", manifest_.string(), problem.what()));
  }
  manifest["command_line"] = command_line_;
  manifest["partial"] = partial_;
  return store::write_manifest(folder_, std::move(manifest), {}, store::system_calls());
}

void ReplayFolder::discard() const {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

}  // namespace peakstorm
