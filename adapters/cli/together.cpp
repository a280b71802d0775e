#include "adapters/cli/together.hpp"

#include "adapters/cli/output.hpp"
#include "adapters/cluster/start.hpp"

namespace peakstorm::cli {

kernel::Exchange* exchange_of(const Context& context) {
  return context.job != nullptr ? &context.job->job() : nullptr;
}
std::size_t ranks_of(const Context& context) {
  return context.job != nullptr ? context.job->job().ranks() : 1;
}
bool is_first(const Context& context) {
  return context.job == nullptr || context.job->job().rank() == 0;
}

tl::expected<void, ExitCode> together(const Context& context, const std::function<tl::expected<void, ExitCode>()>& step,
                                      const std::function<cluster::Intent()>& facts) {
  if (context.job == nullptr) return step();
  std::string held;
  hold_notes(&held);
  const auto done = step();
  hold_notes(nullptr);
  if (!held.empty()) held.pop_back();  // The end of the last line.
  kernel::Exchange& exchange = context.job->job();
  cluster::Intent intent;
  if (!done) {
    intent.failure = held.empty() ? "it failed" : held;
  } else if (facts) {
    intent = facts();
  }
  const auto agreed = cluster::agree(exchange, intent);
  if (agreed) {
    if (is_first(context) && !held.empty()) note(held);
    return {};
  }
  if (is_first(context)) note(agreed.error().message);
  // The gravest code of any rank; ranks that only differ have none of their own.
  const int mine = done ? 0 : static_cast<int>(done.error());
  const auto worst = static_cast<int>(-exchange.minimum(-mine));
  return tl::unexpected(worst == 0 ? ExitCode::input_rejected : static_cast<ExitCode>(worst));
}

}  // namespace peakstorm::cli
