#include "adapters/cli/carriers_run.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <utility>

#include "adapters/cli/secret.hpp"
#include "adapters/cli/text.hpp"

namespace peakstorm::cli {
namespace {

/// Simulated ages; one ns is one ms.
double minutes_of(LatencyHistogram::Duration age) {
  return static_cast<double>(age.count()) / 60'000;
}

boost::json::value ages_json(const LatencyHistogram& ages) {
  if (ages.empty()) return nullptr;
  return {{"p50", minutes_of(ages.quantile(0.5))},
          {"p90", minutes_of(ages.quantile(0.9))},
          {"p99", minutes_of(ages.quantile(0.99))},
          {"max", minutes_of(ages.max())}};
}

std::uint64_t count_of(const PollCounts& counts, PollFate fate) {
  return counts.by_fate[static_cast<std::size_t>(fate)];
}

}  // namespace

Result<CarriersOptions> carriers_options(const CarrierFlags& flags) {
  CarriersOptions options;
  const auto text = carrier_credentials(flags.credentials_file);
  if (!text) return tl::unexpected(text.error());
  auto credentials =
      parse_credentials(*text, flags.credentials_file.empty() ? carrier_credentials_variable : flags.credentials_file);
  if (!credentials) return tl::unexpected(credentials.error());
  options.credentials = std::move(*credentials);
  options.any_credentials = flags.any_credentials;
  if (options.credentials.empty() && !options.any_credentials) {
    return fail(
        ErrorKind::bad_input,
        fmt::format("carriers: nobody may poll them; declare credentials in {} or a --carrier-credentials FILE, "
                    "or take everybody with --any-credentials",
                    carrier_credentials_variable));
  }
  if (!flags.apis.empty()) {
    options.apis = {};
    for (const wire::PullApi api : flags.apis) options.apis[static_cast<std::size_t>(api)] = true;
  } else if (!options.any_credentials) {
    // Of whom no credential is declared, nobody could ask anyway.
    options.apis = {};
    for (const CarrierCredential& c : options.credentials) options.apis[static_cast<std::size_t>(c.api)] = true;
  }
  options.token_key = random_secret();
  options.token_life_s = flags.token_life_s;
  options.troubles = flags.troubles;
  return options;
}

Result<std::unique_ptr<ServedCarriers>> serve_carriers(const World& world, ReplaySource& source,
                                                       const std::function<void(std::vector<Scan>&)>& amend,
                                                       const CarrierFlags& flags, CarriersOptions options) {
  auto served = std::make_unique<ServedCarriers>();
  served->instant = std::make_shared<RunningInstant>(source.totals().first);
  auto started = Carriers::start(world, source, amend, served->instant, &served->ledger, std::move(options));
  if (!started) return tl::unexpected(started.error());
  served->carriers = std::move(*started);
  for (const wire::PullApi api : flags.apis) {
    if (served->carriers->parcels(api) > 0) continue;
    return fail(ErrorKind::bad_input,
                fmt::format("--as-carrier {}: no parcel of this run has a number of that carrier; leave it out, name "
                            "easypost, which knows all, or set the carrier's number_format in the scenario",
                            wire::pull_api_names[static_cast<std::size_t>(api)]));
  }
  return served;
}

boost::json::object polls_json(const PollLedger& ledger) {
  boost::json::object apis;
  for (std::size_t api = 0; api < wire::pull_api_count; ++api) {
    const PollCounts& counts = ledger.counts()[api];
    if (counts.polls() == 0) continue;
    boost::json::object object{{"polls", counts.polls()}};
    for (std::size_t fate = 0; fate < poll_fate_names.size(); ++fate) {
      object[poll_fate_names[fate]] = counts.by_fate[fate];
    }
    object["news"] = counts.news;
    object["slowed"] = counts.slowed;
    object["stale"] = counts.stale;
    object["parcels"] = counts.parcels;
    object["polls_per_parcel_mean"] = counts.parcels == 0
                                          ? boost::json::value(nullptr)
                                          : static_cast<double>(counts.told()) / static_cast<double>(counts.parcels);
    object["polls_per_parcel_max"] = counts.polls_max;
    object["age_minutes"] = ages_json(counts.age);
    object["news_age_minutes"] = ages_json(counts.news_age);
    apis[wire::pull_api_names[api]] = std::move(object);
  }
  return apis;
}

std::string polls_text(const PollLedger& ledger) {
  std::string text;
  for (std::size_t api = 0; api < wire::pull_api_count; ++api) {
    const PollCounts& counts = ledger.counts()[api];
    if (counts.polls() == 0) continue;
    text += fmt::format(
        "Polls of {}: {} numbers, {} told ({} news) of {}; unknown {}, refused {}, throttled {}, failed {}\n",
        wire::pull_api_names[api], full_count(counts.polls()), full_count(counts.told()), full_count(counts.news),
        plural(counts.parcels, "parcel"), full_count(count_of(counts, PollFate::unknown)),
        full_count(count_of(counts, PollFate::refused)), full_count(count_of(counts, PollFate::throttled)),
        full_count(count_of(counts, PollFate::failed)));
    if (counts.news_age.empty()) continue;
    text += fmt::format("  news waited p50 {:.0f} min, p99 {:.0f} min to be asked for (simulated)\n",
                        minutes_of(counts.news_age.quantile(0.5)), minutes_of(counts.news_age.quantile(0.99)));
  }
  return text;
}

Result<void> write_polls(const PollLedger& ledger, const std::string& folder) {
  const std::filesystem::path path = std::filesystem::path(folder) / "polls.json";
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << boost::json::serialize(polls_json(ledger)) << '\n';
  if (!file.flush()) return fail(ErrorKind::io, path.string() + ": cannot be written");
  return {};
}

}  // namespace peakstorm::cli
