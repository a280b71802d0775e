// peakstorm check: reads a scenario, names every fault, runs nothing.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json.hpp>
#include <memory>
#include <string>
#include <vector>

#include "adapters/cli/flags.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/scenario.hpp"
#include "adapters/cli/text.hpp"
#include "adapters/cli/verbs.hpp"
#include "scenarios/library.hpp"

namespace peakstorm::cli {
namespace {

struct Flags {
  std::string scenario;
  OutputFlags output;
};

boost::json::object json_of(const World& world) {
  return {{"scenario", world.name},
          {"valid", true},
          {"days", world.day_count},
          {"carriers", world.carriers.size()},
          {"services", world.services.size()},
          {"facilities", world.facilities.size()},
          {"lanes", world.lanes.size()},
          {"destinations", world.destinations.size()},
          {"shippers", world.shippers.size()},
          {"nodes", world.nodes.size()},
          {"disruptions", world.disruptions.size()},
          {"orders", world.orders.size()},
          {"gates", world.gates.size()},
          {"faults", boost::json::array()}};
}

std::string text_of(const World& world) {
  return fmt::format("{}: {}\nFit to run: {}, {}, {}, {}, {}, {}, {} on {}.\n", world.name, world.title,
                     plural(world.carriers.size(), "carrier"), plural(world.facilities.size(), "facility"),
                     plural(world.lanes.size(), "lane"), plural(world.destinations.size(), "destination"),
                     plural(world.nodes.size(), "ship node"), plural(world.disruptions.size(), "disruption"),
                     plural(world.gates.size(), "gate"), plural(static_cast<std::uint64_t>(world.day_count), "day"));
}

ExitCode check(const Flags& flags) {
  const auto folder = find_scenario(flags.scenario);
  if (!folder) return report(folder.error());
  const auto world = load_scenario(*folder);
  std::vector<Fault> found;
  if (!world) {
    found = world.error();
  } else if (const auto published = published_figures(*folder, *world); !published) {
    found = published.error();
  }
  if (!found.empty()) {
    if (flags.output.json) {
      boost::json::array faults;
      for (const auto& fault : found) {
        faults.push_back({{"file", fault.file},
                          {"line", fault.line},
                          {"field", fault.field},
                          {"message", fault.message},
                          {"cure", fault.cure}});
      }
      print_json({{"scenario", folder->filename().string()}, {"valid", false}, {"faults", std::move(faults)}});
    } else {
      report_faults(*folder, found);
    }
    return ExitCode::input_rejected;
  }
  if (flags.output.json) {
    print_json(json_of(*world));
  } else if (!flags.output.quiet) {
    print_text(text_of(*world));
  }
  return ExitCode::passed;
}

}  // namespace

void add_check(CLI::App& program, Action& action) {
  auto flags = std::make_shared<Flags>();
  auto* const verb = program.add_subcommand("check", "Check a scenario and name every fault");
  verb->add_option("scenario", flags->scenario, "Scenario folder, or the name of one of the library")->required();
  add_output_flags(*verb, flags->output);
  verb->callback([flags, &action] { action = [flags](const Context&) { return check(*flags); }; });
}

}  // namespace peakstorm::cli
