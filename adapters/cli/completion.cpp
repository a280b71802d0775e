#include "adapters/cli/completion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace peakstorm::cli {
namespace {

constexpr std::string_view written_by = "# Written by the program itself: peakstorm document {}\n";

// Two lines of `scenarios` may belong to one: the title, and the description, which is indented.
constexpr std::string_view scenario_names = "peakstorm scenarios --quiet 2>/dev/null | cut -d ' ' -f 1";

enum class Values { none, choices, scenarios, folders, files };

/// What may stand for a value: by its choices, else by the names that verbs give to arguments and values.
Values values_of(const DescribedOption& option) {
  if (!option.choices.empty()) return Values::choices;
  if (option.positional && option.name == "scenario") return Values::scenarios;
  constexpr std::array folders{"FOLDER", "DIR"};
  constexpr std::array numbers{"UINT", "INT", "FLOAT", "N", "MS", "GIB", "PORT", "URL", "EXPR", "RATES"};
  const auto is_one_of = [](const auto& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  if (option.value.empty() || is_one_of(numbers, option.value)) return Values::none;
  if (is_one_of(folders, option.value) || (option.positional && option.name.ends_with("folder"))) {
    return Values::folders;
  }
  return Values::files;
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : between).append(word);
  return text;
}

std::vector<std::string> flags_of(const DescribedVerb& verb) {
  std::vector<std::string> flags;
  for (const DescribedOption& option : verb.options) {
    if (!option.positional) flags.push_back(option.name);
  }
  return flags;
}

/// In single quotes, in which bash and zsh keep everything as it is.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : c == '\n' ? std::string(" ") : std::string(1, c);
  return out + "'";
}

/// fish knows \\ and \' within single quotes.
std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + "'";
}

/// The command that fills COMPREPLY.
std::string bash_values(const DescribedOption& option) {
  switch (values_of(option)) {
    case Values::choices:
      return fmt::format("_peakstorm_words {}", quoted(joined(option.choices, " ")));
    case Values::scenarios:
      return fmt::format("_peakstorm_words \"$({})\"; _peakstorm_names -d", scenario_names);
    case Values::folders:
      return "_peakstorm_names -d";
    case Values::files:
      return "_peakstorm_names -f";
    case Values::none:
      break;
  }
  return ":";
}

/// A description in the brackets of an argument of _arguments.
std::string zsh_described(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string zsh_values(const DescribedOption& option) {
  switch (values_of(option)) {
    case Values::choices:
      return "(" + joined(option.choices, " ") + ")";
    case Values::scenarios:
      return "_peakstorm_scenarios";
    case Values::folders:
      return "_files -/";
    case Values::files:
      return "_files";
    case Values::none:
      break;
  }
  return " ";
}

std::string function_name(const DescribedVerb& verb) {
  std::string name = "_peakstorm";
  for (const char c : verb.path) name += c == ' ' ? '_' : c;
  return verb.path.empty() ? name : name.insert(10, "_");
}

const DescribedVerb& verb_at(std::span<const DescribedVerb> verbs, const std::string& path) {
  return *std::find_if(verbs.begin(), verbs.end(), [&](const DescribedVerb& verb) { return verb.path == path; });
}

std::string below(const DescribedVerb& verb, const std::string& name) {
  return verb.path.empty() ? name : verb.path + " " + name;
}

}  // namespace

std::string bash_completion(std::span<const DescribedVerb> verbs) {
  std::string paths;
  std::string with_value;
  std::string values;
  std::string words;
  std::string arguments;
  const auto or_else = [](std::string& patterns, const std::string& pattern) {
    patterns += (patterns.empty() ? "" : " | ") + quoted(pattern);
  };
  for (const DescribedVerb& verb : verbs) {
    if (!verb.path.empty()) or_else(paths, verb.path);
    std::size_t place = 0;
    for (const DescribedOption& option : verb.options) {
      if (option.positional) {
        arguments +=
            fmt::format("    {}) {} ;;\n", quoted(fmt::format("{} {}", verb.path, place)), bash_values(option));
        ++place;
      } else if (!option.value.empty()) {
        or_else(with_value, verb.path + " " + option.name);
        values += fmt::format("    {}) {}; return ;;\n", quoted(verb.path + " " + option.name), bash_values(option));
      }
    }
    words += fmt::format("    {}) flags={} verbs={} ;;\n", quoted(verb.path), quoted(joined(flags_of(verb), " ")),
                         quoted(joined(verb.verbs, " ")));
  }
  return fmt::format(written_by, "bash") + fmt::format(R"(
_peakstorm_words() {{
  local word
  while read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$1" -- "$current")
}}

# Names of files (-f) or folders (-d).
_peakstorm_names() {{
  local name
  compopt -o filenames 2>/dev/null || true
  while IFS= read -r name; do COMPREPLY+=("$name"); done < <(compgen "$1" -- "$current")
}}

_peakstorm() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
  local verb='' word='' next='' flags='' verbs='' arguments=0 i skip=0
  COMPREPLY=()
  # Readline takes --flag=value for three words.
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $before == '=' ]]; then
    before=${{COMP_WORDS[COMP_CWORD - 2]}}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${{COMP_WORDS[i]}}
    if ((skip)); then
      [[ $word == '=' ]] || skip=0
      continue
    fi
    next=${{verb:+$verb }}$word
    case $next in
      {}) verb=$next arguments=0; continue ;;
    esac
    case "$verb $word" in
      {}) skip=1; continue ;;
    esac
    [[ $word == -* ]] || arguments=$((arguments + 1))
  done
  case "$verb $before" in
{}  esac
  case $verb in
{}  esac
  if [[ $current == -* ]]; then
    _peakstorm_words "$flags"
    return
  fi
  _peakstorm_words "$verbs"
  case "$verb $arguments" in
{}  esac
}}

complete -F _peakstorm peakstorm
)",
                                                       paths, with_value, values, words, arguments);
}

std::string zsh_completion(std::span<const DescribedVerb> verbs) {
  std::string out = "#compdef peakstorm\n" + fmt::format(written_by, "zsh");
  out += fmt::format(R"zsh(
_peakstorm_scenarios() {{
  local -a names=(${{(f)"$({})"}})
  _alternative 'scenarios:scenario of the library:compadd -a names' 'folders:folder:_files -/'
}}
)zsh",
                     scenario_names);
  for (const DescribedVerb& verb : verbs) {
    out += fmt::format(
        "\n{}() {{\n  local curcontext=\"$curcontext\" state line\n  typeset -A opt_args\n"
        "  _arguments -C",
        function_name(verb));
    std::size_t place = 0;
    for (const DescribedOption& option : verb.options) {
      std::string argument;
      if (option.positional) {
        argument = fmt::format("{}:{}:{}", ++place, option.name, zsh_values(option));
      } else {
        argument = fmt::format("{}[{}]", option.name, zsh_described(option.description));
        if (!option.value.empty()) argument += ":" + option.value + ":" + zsh_values(option);
      }
      out += " \\\n    " + quoted(argument);
    }
    if (!verb.verbs.empty()) out += " \\\n    '1:verb:->verb' '*::argument:->below'";
    out += "\n";
    if (!verb.verbs.empty()) {
      out += "  case $state in\n    verb)\n      local -a verbs=(\n";
      for (const std::string& name : verb.verbs) {
        out += "        " + quoted(name + ":" + verb_at(verbs, below(verb, name)).description) + "\n";
      }
      out += "      )\n      _describe -t verbs verb verbs\n      ;;\n    below)\n      case $line[1] in\n";
      for (const std::string& name : verb.verbs) {
        out += fmt::format("        {}) {} ;;\n", name, function_name(verb_at(verbs, below(verb, name))));
      }
      out += "      esac\n      ;;\n  esac\n";
    }
    out += "}\n";
  }
  return out + "\n_peakstorm \"$@\"\n";
}

std::string fish_completion(std::span<const DescribedVerb> verbs) {
  std::string out = fmt::format(written_by, "fish");
  out += "complete -c peakstorm -f\n";
  for (const DescribedVerb& verb : verbs) {
    // A verb with others below it is where the line stands until one of those is named.
    std::string here;
    std::string parent = verb.path;
    std::replace(parent.begin(), parent.end(), ' ', ';');
    for (std::size_t from = 0; from < parent.size();) {
      const std::size_t end = std::min(parent.find(';', from), parent.size());
      here += (here.empty() ? "" : "; and ") + ("__fish_seen_subcommand_from " + parent.substr(from, end - from));
      from = end + 1;
    }
    if (here.empty()) {
      here = "__fish_use_subcommand";
    } else if (!verb.verbs.empty()) {
      here += "; and not __fish_seen_subcommand_from " + joined(verb.verbs, " ");
    }
    const std::string start = "complete -c peakstorm -n " + fish_quoted(here);
    for (const std::string& name : verb.verbs) {
      out += fmt::format("{} -a {} -d {}\n", start, name, fish_quoted(verb_at(verbs, below(verb, name)).description));
    }
    for (const DescribedOption& option : verb.options) {
      std::string line = start;
      if (!option.positional) line += " -l " + option.name.substr(2) + " -d " + fish_quoted(option.description);
      const Values values = values_of(option);
      if (!option.positional && !option.value.empty()) line += values == Values::files ? " -r -F" : " -x";
      if (values == Values::choices) line += " -a " + fish_quoted(joined(option.choices, " "));
      if (values == Values::scenarios) {
        line += fmt::format(" -a {}", fish_quoted(fmt::format("({}) (__fish_complete_directories)", scenario_names)));
      }
      if (values == Values::folders) line += " -a '(__fish_complete_directories)'";
      if (option.positional && values == Values::files) line += " -F";
      if (!option.positional || values != Values::none) out += line + "\n";
    }
  }
  return out;
}

}  // namespace peakstorm::cli
