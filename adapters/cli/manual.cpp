#include "adapters/cli/manual.hpp"

#include <fmt/format.h>

#include <array>

namespace peakstorm::cli {
namespace {

struct Variable {
  const char* name;
  const char* meaning;
};

// The environment is no part of the command line; these are all the variables that the program reads.
constexpr std::array<Variable, 6> variables{{
    {"PEAKSTORM_LIBRARY", "Folder of the library of scenarios, instead of the installed one."},
    {"PEAKSTORM_WEBHOOK_SECRET", "Secret that signs messages to the target. It is never stored."},
    {"PEAKSTORM_BROKER_PASSWORD", "Password of --broker-user."},
    {"PEAKSTORM_CARRIER_CREDENTIALS", "Who may poll the carriers of --serve-carriers, unless a file says so."},
    {"PEAKSTORM_MPI", "The module for runs under mpirun, instead of the installed one."},
    {"PEAKSTORM_CORE", "Set: a broken invariant of the program ends with SIGABRT, not with exit code 70."},
}};

/// A backslash and a leading dot or quote would be commands; a hyphen would not be one that can be copied.
std::string roff(std::string_view text, bool literal = false) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c == '.' || c == '\'') && (i == 0 || text[i - 1] == '\n')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-' && (literal || (i + 1 < text.size() && text[i + 1] == '-') || (i > 0 && text[i - 1] == '-'))) {
      out += "\\-";
    } else {
      out += c;
    }
  }
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

std::string bold(std::string_view text) {
  return "\\fB" + roff(text, true) + "\\fR";
}
std::string italic(std::string_view text) {
  return "\\fI" + roff(text, true) + "\\fR";
}

std::string value_of(const DescribedOption& option) {
  if (option.choices.empty()) return option.value.empty() ? "" : " " + italic(option.value);
  std::string text;
  for (const std::string& choice : option.choices) text += (text.empty() ? " " : " | ") + bold(choice);
  return text;
}

std::string term_of(const DescribedOption& option) {
  if (option.positional) return italic(option.name);
  std::string text = bold(option.name);
  if (!option.other_names.empty()) text += ", " + bold(option.other_names);
  return text + value_of(option);
}

/// "peakstorm simulate SCENARIO [OPTIONS]".
std::string usage_of(const DescribedVerb& verb) {
  std::string text = bold(verb.path.empty() ? "peakstorm" : "peakstorm " + verb.path);
  if (!verb.verbs.empty()) text += verb.path.empty() ? " " + italic("VERB") : " [" + italic("VERB") + "]";
  for (const DescribedOption& option : verb.options) {
    if (option.positional) text += option.required ? " " + italic(option.name) : " [" + italic(option.name) + "]";
  }
  return text + " [" + italic("OPTIONS") + "]";
}

void put_options(std::string& out, const DescribedVerb& verb) {
  for (const DescribedOption& option : verb.options) {
    // Every verb has it.
    if (option.name == "--help" && !verb.path.empty()) continue;
    const std::string range = option.range.empty() ? "" : fmt::format(" ({})", option.range);
    out += fmt::format(".TP\n{}\n{}{}\n", term_of(option), roff(option.description), range);
  }
}

}  // namespace

std::string manual_page(std::span<const DescribedVerb> verbs, std::string_view version) {
  const DescribedVerb& program = verbs.front();
  std::string out = fmt::format(
      ".\\\" Written by the program itself: peakstorm document man\n"
      ".TH PEAKSTORM 1 \"\" \"peakstorm {}\" \"User Commands\"\n"
      ".SH NAME\npeakstorm \\- last-mile event simulation and load testing\n.SH SYNOPSIS\n{}\n"
      ".SH DESCRIPTION\n{}\n",
      roff(version), usage_of(program), roff(program.description));
  out += ".SH OPTIONS\n";
  put_options(out, program);
  out += ".SH VERBS\n";
  for (const DescribedVerb& verb : verbs.subspan(1)) {
    out +=
        fmt::format(".SS {}\n{}.\n.PP\n{}\n", bold("peakstorm " + verb.path), roff(verb.description), usage_of(verb));
    put_options(out, verb);
    if (!verb.footer.empty()) out += ".PP\n" + roff(verb.footer) + "\n";
  }
  out += ".SH EXIT STATUS\n" + roff(program.footer) + "\n.SH ENVIRONMENT\n";
  for (const Variable& variable : variables) {
    out += fmt::format(".TP\n{}\n{}\n", bold(variable.name), roff(variable.meaning));
  }
  return out;
}

}  // namespace peakstorm::cli
