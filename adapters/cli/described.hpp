/// The command line as data: what the parser knows of every verb, for the manual page and for completion in shells, so
/// that neither can fall behind it. Hidden verbs and options (an empty group) are left out.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace peakstorm::cli {

struct DescribedOption {
  std::string name;         ///< "--scale"; of a positional argument "scenario".
  std::string other_names;  ///< "-h", separated by ", "; mostly empty.
  std::string description;
  std::string value;                 ///< What follows it: "FILE", "UINT"; empty: nothing, it is a flag.
  std::vector<std::string> choices;  ///< The only values it takes; empty: others.
  std::string range;                 ///< "0 to 1024"; empty: not stated.
  bool positional = false;
  bool required = false;
};

struct DescribedVerb {
  std::string path;  ///< "scenarios copy"; empty: the program itself.
  std::string description;
  std::string footer;
  std::vector<DescribedOption> options;  ///< Positional ones in their order among them.
  std::vector<std::string> verbs;        ///< Names of those below it.
};

/// The program, then its verbs in their order, each followed by the verbs below it.
std::vector<DescribedVerb> describe(const CLI::App& program);

}  // namespace peakstorm::cli
