#include "adapters/cli/described.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace peakstorm::cli {
namespace {

/// The parser adds what its validators say to the name of the value: "TEXT:{csv,jsonl}", "UINT:UINT in [0 - 9]".
void read_value(const std::string& type, DescribedOption& option) {
  option.value = type.substr(0, type.find(':'));
  if (const std::size_t open = type.find('{'), close = type.rfind('}');
      open != std::string::npos && close != std::string::npos && open < close) {
    std::string choice;
    for (const char c : type.substr(open + 1, close - open - 1) + ",") {
      if (c != ',') {
        choice += c;
      } else {
        option.choices.push_back(choice);
        choice.clear();
      }
    }
  }
  if (const std::size_t open = type.find(" in ["), close = type.rfind(']');
      open != std::string::npos && close != std::string::npos && open + 5 < close) {
    option.range = type.substr(open + 5, close - open - 5);
    if (const std::size_t dash = option.range.find(" - "); dash != std::string::npos) {
      option.range.replace(dash, 3, " to ");
    }
  }
}

DescribedOption described(const CLI::Option& option) {
  DescribedOption out;
  out.description = option.get_description();
  out.required = option.get_required();
  out.positional = option.get_positional();
  if (out.positional) {
    out.name = option.get_name(true);
  } else {
    std::vector<std::string> names;
    for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option.get_snames()) names.push_back("-" + name);
    out.name = names.front();
    for (std::size_t i = 1; i < names.size(); ++i) out.other_names += (i > 1 ? ", " : "") + names[i];
  }
  if (option.get_items_expected_max() > 0) read_value(option.get_type_name(), out);
  return out;
}

void describe_below(const CLI::App& app, const std::string& path, std::vector<DescribedVerb>& out) {
  DescribedVerb verb;
  verb.path = path;
  verb.description = app.get_description();
  verb.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options([](const CLI::Option* o) { return !o->get_group().empty(); })) {
    verb.options.push_back(described(*option));
  }
  const auto below = app.get_subcommands([](const CLI::App* a) { return !a->get_group().empty(); });
  for (const CLI::App* app_below : below) verb.verbs.push_back(app_below->get_name());
  out.push_back(std::move(verb));
  for (const CLI::App* app_below : below) {
    describe_below(*app_below, path.empty() ? app_below->get_name() : path + " " + app_below->get_name(), out);
  }
}

}  // namespace

std::vector<DescribedVerb> describe(const CLI::App& program) {
  std::vector<DescribedVerb> verbs;
  describe_below(program, "", verbs);
  return verbs;
}

}  // namespace peakstorm::cli
