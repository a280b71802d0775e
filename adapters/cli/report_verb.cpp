// peakstorm report: writes report.html of a run folder again, or two runs side by side, or prints the data.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "adapters/cli/flags.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/verbs.hpp"
#include "results/report.hpp"

namespace peakstorm::cli {
namespace {

namespace fs = std::filesystem;

struct Flags {
  std::vector<std::string> folders;
  std::string out;
  OutputFlags output;
};

ExitCode report_on(const Flags& flags) {
  const bool pair = flags.folders.size() == 2;
  const fs::path first = flags.folders.front();
  if (flags.output.json) {
    const auto json = pair ? pair_json(first, flags.folders.back()) : report_json(first);
    if (!json) return report(json.error());
    print_text(*json + "\n");
    return ExitCode::passed;
  }
  if (!pair && !flags.out.empty()) {
    return report(Error{ErrorKind::bad_input,
                        "--out: the report of one run goes into its folder; leave it out, or name a second run"});
  }
  const fs::path target = !pair               ? first / "report.html"
                          : flags.out.empty() ? fs::path("pair.html")
                                              : fs::path(flags.out);
  const auto written = pair ? write_pair(first, flags.folders.back(), target) : write_report(first);
  if (!written) return report(written.error());
  if (!flags.output.quiet) print_text(fmt::format("{}\n", target.string()));
  return ExitCode::passed;
}

}  // namespace

void add_report(CLI::App& program, Action& action) {
  auto flags = std::make_shared<Flags>();
  auto* const verb = program.add_subcommand("report", "Write the report of a run folder again, or of two side by side");
  verb->add_option("run-folder", flags->folders, "Folder that drill or simulate wrote; a second one is set against it")
      ->required()
      ->expected(1, 2);
  verb->add_option("--out", flags->out, "Page of two runs (default: pair.html)")->type_name("FILE");
  add_output_flags(*verb, flags->output);
  verb->callback([flags, &action] { action = [flags](const Context&) { return report_on(*flags); }; });
}

}  // namespace peakstorm::cli
