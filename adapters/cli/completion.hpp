/// What shells need to complete the command line: verbs, flags, values where they are words of a list, the library's
/// scenarios, and names of files. Pure; each result is a script of its shell.
#pragma once

#include <span>
#include <string>

#include "adapters/cli/described.hpp"

namespace peakstorm::cli {

std::string bash_completion(std::span<const DescribedVerb> verbs);
std::string zsh_completion(std::span<const DescribedVerb> verbs);
std::string fish_completion(std::span<const DescribedVerb> verbs);

}  // namespace peakstorm::cli
