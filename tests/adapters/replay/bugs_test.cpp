// Goal: a replay with every fault at once finds nothing wrong with a correct endpoint, whatever the seed, and names
// each of the known mistakes by its symptoms. Method: the endpoint's own handler without sockets, on simulated time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "adapters/replay/session.hpp"
#include "results/reconcile.hpp"
#include "tests/adapters/replay/endpoint_in_process.hpp"
#include "tests/adapters/replay/journeys.hpp"
#include "tests/adapters/wire/tiny_world.hpp"
#include "tests/sanitized.hpp"

namespace peakstorm {
namespace {

using testing::EndpointTransport;
using testing::every_fault;
using testing::FakeClock;
using testing::MemorySource;
using testing::tell_journeys;

struct Outcome {
  ReplayResults results;
  ReplaySummary summary;
};

Outcome drill(std::string_view format_name, std::uint32_t parcels, std::uint64_t seed, const FaultRates& faults,
              EndpointBugs bugs, EndpointFaults endpoint_faults = {}, unsigned batch = 1) {
  const World world = testing::tiny_world();
  FakeClock clock;
  MemorySource source;
  tell_journeys(source, parcels, seed);
  ReplayOptions options;
  options.target = "http://127.0.0.1";
  options.secret = "secret";
  options.register_promises = true;
  options.seconds = 60;
  options.attempts_max = 20;
  options.faults = faults;
  options.batch = batch;
  options.ask_patience = std::chrono::seconds{5};
  auto format = wire::make_format(format_name, world, {options.secret, ""});
  PEAKSTORM_CHECK(format.has_value(), seed);
  EndpointOptions endpoint;
  endpoint.secret = options.secret;
  endpoint.registered_only = true;
  endpoint.bugs = bugs;
  endpoint.faults = endpoint_faults;
  endpoint.allow_batches = true;
  endpoint.capture_events_max = 16;
  EndpointTransport transport(clock, 64, endpoint);

  ShownRules rules = plain_rules(world);
  rules.scan = [plain = rules.scan, shown = (*format)->shown()](const ParcelFacts& facts, const Scan& scan) {
    auto page = plain(facts, scan);
    const auto kind = shown[static_cast<std::size_t>(page->kind)];
    if (!kind) return std::optional<ShownScan>();
    page->kind = *kind;
    return page;
  };
  std::vector<TruthParcel> truth;
  std::vector<Scan> scans;
  for (const ParcelFacts& facts : source.all) truth.push_back({facts, Verdict::not_counted, false});
  for (const ReplayItem& item : source.items) {
    if (!item.is_check) scans.push_back(item.scan);
  }
  ReconcileOptions reconcile;
  reconcile.amend = amend_truth(world, faults_of(options));
  Reconciliation recorder(world, std::move(truth), std::move(rules), reconcile);
  recorder.truth(scans);
  const auto summary = run_session(world, source, options, {**format, transport, clock}, recorder, {}, {});
  PEAKSTORM_CHECK(summary.has_value(), seed);
  return {recorder.results(), *summary};
}

std::string story_of(const ReplayResults& results) {
  std::string text;
  for (std::size_t kind = 0; kind < finding_kinds; ++kind) {
    if (results.findings[kind] > 0)
      text += std::string(finding_names[kind]) + " " + std::to_string(results.findings[kind]) + "\n";
  }
  for (const Diagnosis& d : results.diagnosis) text += "= " + d.bug + ": " + d.why + "\n";
  for (std::size_t i = 0; i < results.examples.size() && i < 4; ++i) {
    const FindingExample& e = results.examples[i];
    text += std::string(finding_names[static_cast<std::size_t>(e.kind)]) + ": " + e.detail + "\n" + e.truth + "--\n" +
            e.shown;
  }
  return text;
}

/// Format, and scans in a message where that is more than one: "epcis 24".
class CorrectEndpoint : public ::testing::TestWithParam<const char*> {};

TEST_P(CorrectEndpoint, HasNoFindingUnderEveryFaultForAHundredSeeds) {
  const std::string format = std::string(GetParam()).substr(0, std::string(GetParam()).find(' '));
  const unsigned batch = format == GetParam() ? 1 : static_cast<unsigned>(std::stoul(GetParam() + format.size()));
  std::array<std::uint64_t, fault_kinds> injected{};
  for (std::uint64_t seed = 1; seed <= (test::sanitized ? 3U : batch > 1 ? 25U : 100U); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    EndpointFaults receiver;
    receiver.refuse_every = seed % 3 == 0 ? 9 : 0;
    const Outcome outcome = drill(format, 40, seed, every_fault(seed), {}, receiver, batch);
    ASSERT_EQ(outcome.results.defects(), 0U) << story_of(outcome.results);
    ASSERT_TRUE(outcome.summary.complete);
    ASSERT_TRUE(outcome.results.diagnosis.empty()) << story_of(outcome.results);
    if (batch == 1) {
      ASSERT_EQ(outcome.summary.requests, outcome.summary.attempts);
    } else {
      ASSERT_LT(outcome.summary.requests, outcome.summary.attempts * 9 / 10);
    }
    for (std::size_t kind = 0; kind < fault_kinds; ++kind) injected[kind] += outcome.results.injected_count[kind];
  }
  for (std::size_t kind = 1; kind < fault_kinds; ++kind) {
    // No format's signature tells an instant, and EPCIS has a token, which says nothing of the body.
    if (static_cast<FaultKind>(kind) == FaultKind::stale_signature) continue;
    if (static_cast<FaultKind>(kind) == FaultKind::forged && format.starts_with("epcis")) continue;
    EXPECT_GT(injected[kind], 0U) << fault_names[kind];
  }
}
INSTANTIATE_TEST_SUITE_P(Formats, CorrectEndpoint,
                         ::testing::Values("cloudevents", "easypost", "cloudevents-binary", "epcis", "epcis-proceed 24",
                                           "epcis 12", "cloudevents-batch 12"),
                         [](const auto& format) {
                           std::string name = format.param;
                           std::erase_if(name, [](char c) { return c == '-' || c == ' '; });
                           return name;
                         });

TEST(Faults, AreTheSameForTheSameSeedWhateverTheEndpointDoes) {
  const auto told = [](const Outcome& outcome) {
    std::vector<std::tuple<std::uint64_t, int, int, std::string>> all;
    for (const InjectedFault& f : outcome.results.injected) {
      all.emplace_back(static_cast<std::uint64_t>(f.parcel), f.sequence, static_cast<int>(f.kind), f.detail);
    }
    std::sort(all.begin(), all.end());
    return all;
  };
  EndpointFaults receiver;
  receiver.refuse_every = 5;
  const auto plain = told(drill("cloudevents", 50, 3, every_fault(3), {}));
  EXPECT_GT(plain.size(), 100U);
  EXPECT_EQ(plain, told(drill("cloudevents", 50, 3, every_fault(3), {}, receiver)));
  EXPECT_NE(plain, told(drill("cloudevents", 50, 3, every_fault(4), {})));
}

// Goal: scans that a repository takes in and its capture jobs then refuse are findings, and none others are. Method:
// the endpoint refuses the same few per cent of events whatever they travel with; what is not kept is not shown either.
TEST(CaptureJobs, RefusalsAreFindings) {
  EndpointFaults receiver;
  receiver.capture_refuse_ppm = 30'000;
  const auto refused = [](const Outcome& outcome) {
    EXPECT_TRUE(outcome.summary.complete);
    EXPECT_EQ(outcome.results.findings[static_cast<std::size_t>(FindingKind::lost)], 0U);
    EXPECT_EQ(outcome.results.oracle[static_cast<std::size_t>(Oracle::no_lost_scan)].findings,
              outcome.results.findings[static_cast<std::size_t>(FindingKind::refused)]);
    EXPECT_EQ(outcome.summary.scans, outcome.summary.accepted - outcome.results.checks + outcome.summary.given_up);
    for (const FindingExample& e : outcome.results.examples) {
      if (e.kind != FindingKind::refused) continue;
      EXPECT_THAT(e.detail, ::testing::HasSubstr("refused by its capture job"));
    }
    return outcome.results.findings[static_cast<std::size_t>(FindingKind::refused)];
  };
  const auto alone = refused(drill("epcis", 100, 5, {}, {}, receiver));
  EXPECT_GT(alone, 5U);
  EXPECT_EQ(refused(drill("epcis-proceed", 100, 5, {}, {}, receiver)), alone);
  EXPECT_EQ(refused(drill("epcis-proceed", 100, 5, {}, {}, receiver, 12)), alone) << "the job names them";
  EXPECT_GT(refused(drill("epcis", 100, 5, {}, {}, receiver, 12)), 2 * alone) << "rollback takes the others along";
}

class KnownBug : public ::testing::TestWithParam<std::size_t> {};

TEST_P(KnownBug, IsNamedByItsSymptoms) {
  const EndpointBugInfo& info = endpoint_bugs()[GetParam()];
  EndpointBugs bugs;
  bugs.set(GetParam());
  // Two mistakes show only where a message carries the whole history and a weight.
  const bool snapshot = info.bug == EndpointBug::first_entry_only || info.bug == EndpointBug::int_weight_signature;
  const Outcome outcome = drill(snapshot ? "easypost" : "cloudevents", 300, 11, every_fault(11), bugs);
  EXPECT_GT(outcome.results.defects(), 0U) << info.name;
  ASSERT_FALSE(outcome.results.diagnosis.empty()) << story_of(outcome.results);
  EXPECT_EQ(outcome.results.diagnosis.front().bug, info.name) << story_of(outcome.results);
  if (std::getenv("PEAKSTORM_MATRIX") != nullptr) {
    std::printf("| %s |", std::string(info.name).c_str());
    for (const OracleResult& oracle : outcome.results.oracle) {
      std::printf(" %s |", oracle.findings == 0 ? "" : std::to_string(oracle.findings).c_str());
    }
    std::printf(" %s |\n", outcome.results.diagnosis.empty() ? "" : outcome.results.diagnosis.front().why.c_str());
  }
}
INSTANTIATE_TEST_SUITE_P(Bugs, KnownBug, ::testing::Range(std::size_t{0}, endpoint_bug_count), [](const auto& bug) {
  std::string name{endpoint_bugs()[bug.param].name};
  std::replace(name.begin(), name.end(), '-', '_');
  return "Bug_" + name;
});

}  // namespace
}  // namespace peakstorm
