// peakstorm export: the streams of a run folder as CSV, JSON lines or plain Protobuf.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/cli/flags.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/scenario.hpp"
#include "adapters/cli/text.hpp"
#include "adapters/cli/verbs.hpp"
#include "engine/notices.hpp"
#include "engine/tracking_number.hpp"
#include "results/export.hpp"

namespace peakstorm::cli {
namespace {

struct Flags {
  std::string run_folder;
  std::string format = export_format_names[0];
  std::string table;  ///< Empty: the default.
  std::string folder;
  std::string language = "en";
  std::string link;
  OutputFlags output;
};

/// Notices with the numbers that the carriers print. Whatever is wrong has been reported when there is none.
tl::expected<NoticeStyle, ExitCode> style_of(const Flags& flags, const RunReader& run) {
  NoticeStyle style;
  style.language = flags.language;
  style.link = flags.link;
  auto scenario = open_inputs(run);
  if (!scenario) return tl::unexpected(scenario.error());
  auto world = std::make_shared<const World>(std::move(scenario->world));
  style.tracking_number = [world = std::move(world)](CarrierId carrier, ParcelId parcel) {
    return tracking_number(*world, carrier, parcel);
  };
  return style;
}

Result<void> to_standard_output(std::string_view text) {
  while (!text.empty()) {
    const ssize_t done = ::write(STDOUT_FILENO, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0 && errno == EPIPE) {
      return fail(ErrorKind::interrupted, "whoever read the export closed it before its end");
    }
    if (done < 0) {
      return fail(ErrorKind::io, fmt::format("standard output: cannot write: {}; free some space or export elsewhere",
                                             std::strerror(errno)));
    }
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

/// The place of a name that the parser has found among these.
template <class T, std::size_t N>
T value_of(const std::array<const char*, N>& names, const std::string& name) {
  return static_cast<T>(std::find(names.begin(), names.end(), name) - names.begin());
}

ExitCode export_run(const Flags& flags, const StopSignals& stop) {
  if (flags.folder.empty() && flags.output.json) {
    return report({ErrorKind::bad_input,
                   "--json says what was written to --out; without it the rows themselves go to "
                   "standard output (--format jsonl has them as JSON)"});
  }
  const auto run = RunReader::open(flags.run_folder);
  if (!run) return report(run.error());
  if ((*run)->manifest().partial) note("peakstorm: the run was cut short; its streams end where it did");
  const auto format = value_of<ExportFormat>(export_format_names, flags.format);
  std::vector<ExportTable> tables{ExportTable::scans};
  if (!flags.table.empty()) {
    tables = {value_of<ExportTable>(export_table_names, flags.table)};
  } else if (!flags.folder.empty()) {
    tables.push_back(ExportTable::acts);
  }
  NoticeStyle style;
  if (tables.front() == ExportTable::notices) {
    auto made = style_of(flags, **run);
    if (!made) return made.error();
    style = std::move(*made);
  } else if (!flags.link.empty()) {
    return report({ErrorKind::bad_input, "--link is for notices; add --table notices"});
  }
  const auto go_on = [&stop](std::string_view) -> Result<void> {
    if (stop.requested()) return fail(ErrorKind::interrupted, "the export was stopped before its end");
    return {};
  };
  if (flags.folder.empty()) {
    const auto print = [&](std::string_view text) -> Result<void> {
      if (auto goes_on = go_on(text); !goes_on) return goes_on;
      return to_standard_output(text);
    };
    const auto rows = export_rows(**run, tables.front(), format, print, style);
    return rows ? ExitCode::passed : report(rows.error());
  }
  boost::json::object written;
  for (const ExportTable table : tables) {
    const auto rows = export_file(**run, table, format, flags.folder, go_on, style);
    if (!rows) return report(rows.error());
    const char* const name = export_table_names[static_cast<std::size_t>(table)];
    written[name] = *rows;
    if (!flags.output.json && !flags.output.quiet) {
      print_text(fmt::format("{}/{}.{}: {} rows\n", flags.folder, name, flags.format, full_count(*rows)));
    }
  }
  if (flags.output.json) print_json({{"folder", flags.folder}, {"rows", std::move(written)}});
  return ExitCode::passed;
}

}  // namespace

void add_export(CLI::App& program, Action& action) {
  auto flags = std::make_shared<Flags>();
  auto* const verb = program.add_subcommand("export", "Write a run's scans and acts as CSV, JSON lines or Protobuf");
  verb->add_option("run-folder", flags->run_folder, "Folder that drill or simulate wrote")->required();
  verb->add_option("--format", flags->format,
                   "csv (default), jsonl (an object per line) or pb (length-delimited messages of peakstorm.proto)")
      ->check(CLI::IsMember(std::vector<std::string>(export_format_names.begin(), export_format_names.end())));
  verb->add_option("--table", flags->table,
                   "scans; acts, what shoppers did; or notices, what they were sent, with its text (default: scans to "
                   "standard output, scans and acts to a folder)")
      ->check(CLI::IsMember(std::vector<std::string>(export_table_names.begin(), export_table_names.end())));
  verb->add_option("--out", flags->folder, "Folder for TABLE.FORMAT (default: to standard output)")
      ->type_name("FOLDER");
  const std::vector<std::string_view> languages = notice_languages();
  verb->add_option("--language", flags->language, "Language of the notices: en (default) or es")
      ->check(CLI::IsMember(std::vector<std::string>(languages.begin(), languages.end())));
  verb->add_option(
          "--link", flags->link,
          "Link in the notices, {number} standing for the tracking number (https://shop.example/track/{number})")
      ->type_name("URL");
  add_output_flags(*verb, flags->output);
  verb->callback(
      [flags, &action] { action = [flags](const Context& context) { return export_run(*flags, context.stop); }; });
}

}  // namespace peakstorm::cli
