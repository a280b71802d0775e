/// What ranks compare before they work on one world: a rank that read another scenario would end in a wrong number, or
/// in a hang.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/exchange.hpp"
#include "engine/result.hpp"

namespace peakstorm::cluster {

/// What a rank is about to do: facts by name, and what stopped it, if anything did.
struct Intent {
  std::vector<std::pair<std::string, std::string>> facts;  ///< The same names in the same order on every rank.
  std::string failure;                                     ///< Text of what was wrong; empty: nothing.
};

/// Collective. Errors (bad_input): any rank failed, or two differ in a fact. Rank 0's message names the ranks and the
/// facts, the others' is empty.
Result<void> agree(kernel::Exchange& exchange, const Intent& mine);

}  // namespace peakstorm::cluster
