#include "results/gate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "engine/random.hpp"

namespace peakstorm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const MeasureCatalogue& catalogue() {
  static const MeasureCatalogue known{{"promise_kept", Unit::share},    {"on_time.commit", Unit::share},
                                      {"endpoint.p99", Unit::ms},       {"lost_scans", Unit::count},
                                      {"findings", Unit::count},        {"sent.late_share", Unit::share},
                                      {"staleness.p99", Unit::minutes}, {"endpoint.throughput", Unit::per_second},
                                      {"recovery_cost", Unit::cents}};
  return known;
}

Result<Gate> parse(const std::string& expression) {
  return parse_gate({expression, "world.toml", 7}, catalogue());
}

struct Good {
  const char* expression;
  const char* measure;
  Relation relation;
  double limit;
};
const Good good[] = {
    {"promise_kept >= 0.9", "promise_kept", Relation::at_least, 0.9},
    {"promise_kept>=97%", "promise_kept", Relation::at_least, 0.97},
    {"  on_time.commit\t> 0.95 ", "on_time.commit", Relation::above, 0.95},
    {"endpoint.p99 <= 250ms", "endpoint.p99", Relation::at_most, 250},
    {"endpoint.p99 <= \"250ms\"", "endpoint.p99", Relation::at_most, 250},
    {"endpoint.p99 < '0.25 s'", "endpoint.p99", Relation::below, 250},
    {"endpoint.p99 < 80us", "endpoint.p99", Relation::below, 0.08},
    {"endpoint.p99 > 0", "endpoint.p99", Relation::above, 0},
    {"lost_scans == 0", "lost_scans", Relation::equal, 0},
    {"findings != 3", "findings", Relation::not_equal, 3},
    {"sent.late_share <= 1%", "sent.late_share", Relation::at_most, 0.01},
    {"promise_kept <= 100%", "promise_kept", Relation::at_most, 1},
    {"staleness.p99 <= 2h", "staleness.p99", Relation::at_most, 120},
    {"staleness.p99 <= 1.5d", "staleness.p99", Relation::at_most, 2160},
    {"endpoint.throughput >= 500/s", "endpoint.throughput", Relation::at_least, 500},
    {"endpoint.throughput >= 500", "endpoint.throughput", Relation::at_least, 500},
    {"recovery_cost <= $12.50", "recovery_cost", Relation::at_most, 1250},
};

TEST(ParseGate, ReadsMeasureRelationAndLimit) {
  for (const Good& g : good) {
    const auto gate = parse(g.expression);
    ASSERT_TRUE(gate) << g.expression << ": " << gate.error().message;
    EXPECT_EQ(gate->measure, g.measure);
    EXPECT_EQ(gate->relation, g.relation) << g.expression;
    EXPECT_DOUBLE_EQ(gate->limit, g.limit) << g.expression;
    EXPECT_EQ(gate->line, 7);
  }
}

struct Bad {
  const char* expression;
  int column;
  const char* says;
};
const Bad bad[] = {
    {"", 1, "no measure"},
    {">= 3", 1, "no measure"},
    {"promise_kep >= 0.9", 1, "did you mean 'promise_kept'"},
    {"p99 <= 3ms", 1, "did you mean 'endpoint.p99' or 'staleness.p99'"},
    {"weather >= 3", 1, "unknown measure 'weather'"},
    {"promise_kept 0.9", 14, "no relation"},
    {"promise_kept = 0.9", 14, "no relation"},
    {"promise_kept >=", 16, "no number"},
    {"promise_kept >= ninety", 17, "no number"},
    {"promise_kept >= -1", 17, "no number"},
    {"promise_kept >= .9", 17, "no number"},
    {"promise_kept >= 0.9.1", 17, "no number"},
    {"promise_kept >= 1e-1", 18, "does not fit"},
    {"promise_kept >= 90", 17, "more than all"},
    {"promise_kept >= 110%", 17, "more than all"},
    {"promise_kept >= 0.9ms", 20, "a share"},
    {"endpoint.p99 <= 250", 17, "250ms"},
    {"endpoint.p99 <= 2h", 18, "wall-clock"},
    {"staleness.p99 <= 200ms", 21, "simulated"},
    {"lost_scans == 0%", 16, "a count"},
    {"lost_scans == $5", 15, "a count"},
    {"recovery_cost <= 12.50", 18, "dollars"},
    {"endpoint.p99 <= 250mss", 20, "'mss' is no unit, did you mean 'ms'"},
    {"promise_kept >= 90 %%", 20, "'%%' is no unit, did you mean '%'"},
    {"endpoint.p99 <= 250 parsecs", 21, "'parsecs' is no unit; the value"},
    {"lost_scans == 0 and findings == 0", 17, "second gate"},
    {"lost_scans == \"0", 15, "never closed"},
    {"lost_scans == "
     "99999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999"
     "99999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999"
     "99"
     "99999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999"
     "99",
     15, "no number"},
};

TEST(ParseGate, SaysWhereAndHowToMend) {
  for (const Bad& b : bad) {
    const auto gate = parse(b.expression);
    ASSERT_FALSE(gate) << b.expression;
    EXPECT_EQ(gate.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(gate.error().message, AllOf(HasSubstr("world.toml:7: gate '"),
                                            HasSubstr("column " + std::to_string(b.column) + ":"), HasSubstr(b.says)))
        << b.expression;
  }
}

// Goal: no input crashes or hangs the parser, and what it accepts it can test. Method: random bytes and random edits
// of good gates, fixed seed.
TEST(ParseGate, SurvivesAnyBytes) {
  std::uint64_t accepted = 0;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    std::string text = good[i % std::size(good)].expression;
    for (std::uint32_t edit = 0; edit < 1 + i % 4; ++edit) {
      const Draws draws({5, 0}, Purpose::test, i, edit);
      const auto where = draws.below(0, static_cast<std::uint32_t>(text.size()) + 1);
      const char byte = static_cast<char>(draws.below(1, 3) == 0 ? draws.below(2, 256) : 32 + draws.below(2, 95));
      if (draws.below(3, 2) == 0 || where == text.size()) {
        text.insert(where, 1, byte);
      } else {
        text[where] = byte;
      }
    }
    const auto gate = parse(text);
    if (!gate) continue;
    ++accepted;
    EXPECT_TRUE(catalogue().contains(gate->measure));
    const auto result = evaluate(*gate, {{gate->measure, {0.5, gate->unit, {}, {}}}}, false);
    EXPECT_NE(result.verdict, GateVerdict::error) << text;
  }
  EXPECT_GT(accepted, 100U);
  EXPECT_FALSE(parse(std::string(1'000'000, 'x')));
}

GateResult test_gate(const std::string& expression, std::optional<double> value, bool partial = false) {
  const auto gate = parse(expression);
  return evaluate(gate.value(), {{gate->measure, {value, gate->unit, {}, {}}}}, partial);
}

TEST(Evaluate, ComparesInEveryRelation) {
  EXPECT_EQ(test_gate("promise_kept >= 0.9", 0.9).verdict, GateVerdict::passed);
  EXPECT_EQ(test_gate("promise_kept > 0.9", 0.9).verdict, GateVerdict::failed);
  EXPECT_EQ(test_gate("promise_kept >= 97%", 0.97).verdict, GateVerdict::passed);
  EXPECT_EQ(test_gate("endpoint.p99 <= 250ms", 250.1).verdict, GateVerdict::failed);
  EXPECT_EQ(test_gate("endpoint.p99 < 250ms", 250).verdict, GateVerdict::failed);
  EXPECT_EQ(test_gate("lost_scans == 0", 0).verdict, GateVerdict::passed);
  EXPECT_EQ(test_gate("lost_scans == 0", 1).verdict, GateVerdict::failed);
  EXPECT_EQ(test_gate("lost_scans != 0", 1).verdict, GateVerdict::passed);
  EXPECT_EQ(test_gate("promise_kept >= 0.9", 0.874).message, "promise_kept is 0.874, required >= 0.9");
}

TEST(Evaluate, AnAbsentMeasureIsAnErrorNotAPass) {
  const auto gate = parse("lost_scans == 0");
  const GateResult absent = evaluate(*gate, {}, false);
  EXPECT_EQ(absent.verdict, GateVerdict::error);
  EXPECT_THAT(absent.message, HasSubstr("was not measured"));
  EXPECT_EQ(test_gate("lost_scans == 0", std::nullopt).verdict, GateVerdict::error);
  EXPECT_EQ(test_gate("lost_scans != 3", std::numeric_limits<double>::quiet_NaN()).verdict, GateVerdict::error);
}

TEST(Evaluate, APartialRunNeverPasses) {
  EXPECT_EQ(test_gate("promise_kept >= 0.5", 0.99, true).verdict, GateVerdict::error);
  EXPECT_FALSE(all_passed(std::vector<GateResult>{test_gate("promise_kept >= 0.5", 0.99, true)}));
  EXPECT_TRUE(all_passed({}));
}

TEST(Evaluate, AMeasureInAnotherUnitIsAnError) {
  const auto gate = parse("endpoint.p99 <= 250ms");
  EXPECT_EQ(evaluate(*gate, {{"endpoint.p99", {3, Unit::minutes, {}, {}}}}, false).verdict, GateVerdict::error);
}

TEST(FormatMeasure, WritesWhatGatesRead) {
  EXPECT_EQ(format_measure(3, Unit::count), "3");
  EXPECT_EQ(format_measure(123456789, Unit::count), "123456789");
  EXPECT_EQ(format_measure(2.75, Unit::count), "2.75");
  EXPECT_EQ(format_measure(0.25, Unit::ms), "0.25ms");
  EXPECT_EQ(format_measure(12'000, Unit::ms), "12s");
  EXPECT_EQ(format_measure(1250, Unit::cents), "$12.50");
  EXPECT_EQ(format_measure(240, Unit::minutes), "4h");
}

}  // namespace
}  // namespace peakstorm
