/// What the verbs do where there may be ranks: the same on all of them, and said by one.
#pragma once

#include <functional>
#include <string>
#include <tl/expected.hpp>

#include "adapters/cli/exit_code.hpp"
#include "adapters/cli/verbs.hpp"
#include "adapters/cluster/agree.hpp"
#include "engine/exchange.hpp"

namespace peakstorm::cli {

/// Null: alone.
kernel::Exchange* exchange_of(const Context& context);
std::size_t ranks_of(const Context& context);
/// True for the rank that prints and writes; always, when alone.
bool is_first(const Context& context);

/// Takes a step on every rank and goes on only when all could, and when all have the same facts afterwards. What the
/// step notes is held back until then and said once; error messages of other ranks name the rank. Collective.
tl::expected<void, ExitCode> together(const Context& context, const std::function<tl::expected<void, ExitCode>()>& step,
                                      const std::function<cluster::Intent()>& facts = {});

}  // namespace peakstorm::cli
