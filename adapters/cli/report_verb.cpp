// peakstorm report: writes report.html of a run folder again, or prints the report's data.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "adapters/cli/flags.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/verbs.hpp"
#include "results/report.hpp"

namespace peakstorm::cli {
namespace {

ExitCode report_on(const std::string& folder, const OutputFlags& output) {
  if (output.json) {
    const auto json = report_json(folder);
    if (!json) return report(json.error());
    print_text(*json + "\n");
    return ExitCode::passed;
  }
  if (const auto written = write_report(folder); !written) return report(written.error());
  if (!output.quiet) print_text(fmt::format("{}\n", (std::filesystem::path(folder) / "report.html").string()));
  return ExitCode::passed;
}

}  // namespace

void add_report(CLI::App& program, Action& action) {
  struct Flags {
    std::string folder;
    OutputFlags output;
  };
  auto flags = std::make_shared<Flags>();
  auto* const verb = program.add_subcommand("report", "Write the report of a run folder again");
  verb->add_option("run-folder", flags->folder, "Folder that drill or simulate wrote")->required();
  add_output_flags(*verb, flags->output);
  verb->callback(
      [flags, &action] { action = [flags](const Context&) { return report_on(flags->folder, flags->output); }; });
}

}  // namespace peakstorm::cli
