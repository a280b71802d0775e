// peakstorm scenarios: what the library holds, and a copy of it to start one's own from.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json.hpp>
#include <memory>
#include <string>

#include "adapters/cli/flags.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/verbs.hpp"
#include "scenarios/library.hpp"

namespace peakstorm::cli {
namespace {

ExitCode list(const OutputFlags& output) {
  const auto library = library_folder();
  if (!library) return report(library.error());
  const auto entries = list_library(*library);
  if (!entries) return report(entries.error());
  if (output.json) {
    boost::json::array scenarios;
    for (const auto& entry : *entries) {
      scenarios.push_back({{"name", entry.name},
                           {"title", entry.title},
                           {"description", entry.description},
                           {"folder", entry.folder.string()},
                           {"bytes", entry.size}});
    }
    print_json({{"library", library->string()}, {"scenarios", std::move(scenarios)}});
    return ExitCode::passed;
  }
  for (const auto& entry : *entries) {
    print_text(fmt::format("{:<18} {}\n", entry.name, entry.title));
    if (!output.quiet && !entry.description.empty()) print_text(fmt::format("{:<18} {}\n", "", entry.description));
  }
  return ExitCode::passed;
}

ExitCode copy(const std::string& name, const std::string& folder, const OutputFlags& output) {
  const auto from = find_scenario(name);
  if (!from) return report(from.error());
  if (const auto copied = copy_scenario(*from, folder); !copied) return report(copied.error());
  if (output.json) {
    print_json({{"from", from->string()}, {"folder", folder}});
  } else if (!output.quiet) {
    print_text(fmt::format("Copied to {0}. Next: peakstorm check {0}\n", folder));
  }
  return ExitCode::passed;
}

}  // namespace

void add_scenarios(CLI::App& program, Action& action) {
  struct Flags {
    std::string name;
    std::string folder;
    OutputFlags output;
  };
  auto flags = std::make_shared<Flags>();
  auto* const verb = program.add_subcommand("scenarios", "List the library of scenarios, or copy one to start from");
  verb->require_subcommand(0, 1);
  add_output_flags(*verb, flags->output);
  verb->callback([flags, &action] {  // `scenarios` alone lists; the order of the two callbacks does not matter.
    if (!action) action = [flags](const Context&) { return list(flags->output); };
  });

  auto* const list_verb = verb->add_subcommand("list", "What the library holds");
  add_output_flags(*list_verb, flags->output);
  list_verb->callback([flags, &action] { action = [flags](const Context&) { return list(flags->output); }; });

  auto* const copy_verb = verb->add_subcommand("copy", "Copy a scenario into a new folder");
  copy_verb->add_option("scenario", flags->name, "Name in the library, or a folder")->required();
  copy_verb->add_option("folder", flags->folder, "New folder; its name becomes the scenario's")->required();
  add_output_flags(*copy_verb, flags->output);
  copy_verb->callback([flags, &action] {
    action = [flags](const Context&) { return copy(flags->name, flags->folder, flags->output); };
  });
}

}  // namespace peakstorm::cli
