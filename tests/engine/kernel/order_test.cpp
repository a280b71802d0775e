// The order of events: priorities first, then ties that favour nobody.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/kernel/engine.hpp"

namespace peakstorm::kernel {
namespace {

/// Senders that all send to one receiver, at the same instants; the receiver notes in which order they came.
class Rivals {
 public:
  struct Payload {
    std::uint32_t round = 0;
  };
  Rivals(std::uint32_t senders, std::uint32_t rounds, bool reversed_rows)
      : senders_(senders), rounds_(rounds), reversed_(reversed_rows) {}
  std::size_t lp_count() const { return senders_ + 1; }
  /// Names stay with the process when the rows of the table are reversed.
  std::string name(LpId lp) const {
    if (index(lp) == senders_) return "receiver";
    return "sender " + std::to_string(reversed_ ? senders_ - 1 - index(lp) : index(lp));
  }
  std::uint64_t name_hash(LpId lp) const { return hash64(name(lp)); }
  SimDuration lookahead(LpId) const { return SimDuration{5}; }
  void handle(const Event<Payload>& event, Outbox<Payload>& outbox) {
    if (index(event.target) == senders_) {
      arrivals.push_back(name(event.source));
      return;
    }
    outbox.send(LpId{senders_}, event.at + SimDuration{5}, event.payload);
    if (event.payload.round + 1 < rounds_) {
      outbox.send(event.target, event.at + SimDuration{1}, {event.payload.round + 1});
    }
  }
  std::vector<std::string> arrivals;

 private:
  std::uint32_t senders_;
  std::uint32_t rounds_;
  bool reversed_;
};

std::vector<std::string> arrivals(std::uint32_t senders, std::uint32_t rounds, bool reversed_rows) {
  Rivals model(senders, rounds, reversed_rows);
  Engine engine(model, Settings{.run = {11, 0}});
  for (std::uint32_t lp = 0; lp < senders; ++lp) engine.schedule(LpId{lp}, SimTime{}, {});
  engine.run();
  return model.arrivals;
}

TEST(EventOrder, EachOfTwoRivalsWinsHalfOfTheTies) {
  constexpr std::uint32_t rounds = 40'000;
  const auto seen = arrivals(2, rounds, false);
  ASSERT_EQ(seen.size(), 2 * rounds);
  double wins = 0;
  for (std::size_t i = 0; i < seen.size(); i += 2) wins += seen[i] == "sender 0" ? 1 : 0;
  const double z = (wins - rounds / 2.0) / std::sqrt(rounds / 4.0);
  EXPECT_LT(std::abs(z), 4) << wins << " of " << rounds;
}

TEST(EventOrder, AmongSevenRivalsEveryPlaceIsEquallyLikely) {
  constexpr std::uint32_t senders = 7;
  constexpr std::uint32_t rounds = 7'000;
  const auto seen = arrivals(senders, rounds, false);
  std::vector<std::vector<double>> counts(senders, std::vector<double>(senders));
  for (std::size_t i = 0; i < seen.size(); ++i)
    counts[i % senders][static_cast<std::size_t>(seen[i].back() - '0')] += 1;
  double chi2 = 0;
  for (const auto& row : counts) {
    for (const double count : row) chi2 += (count - rounds / 7.0) * (count - rounds / 7.0) / (rounds / 7.0);
  }
  // Chi-square with 36 degrees of freedom: mean 36, standard deviation 8.5.
  EXPECT_LT(chi2, 36 + 4 * 8.5);
}

TEST(EventOrder, DoesNotDependOnTheOrderOfRows) {
  EXPECT_EQ(arrivals(5, 200, false), arrivals(5, 200, true));
}

TEST(EventOrder, InstantThenPriorityThenTie) {
  const EventOrder before({1, 0}, nullptr, [](const void*, LpId lp) { return mix64(index(lp)); });
  struct None {};
  const Event<None> early{SimTime{SimDuration{1}}, LpId{0}, LpId{0}, 0, 9, {}};
  const Event<None> late{SimTime{SimDuration{2}}, LpId{0}, LpId{0}, 1, 0, {}};
  const Event<None> urgent{SimTime{SimDuration{2}}, LpId{0}, LpId{3}, 2, 0, {}};
  const Event<None> patient{SimTime{SimDuration{2}}, LpId{0}, LpId{3}, 3, 1, {}};
  EXPECT_TRUE(before(early, late));
  EXPECT_FALSE(before(late, early));
  EXPECT_TRUE(before(urgent, patient));
  EXPECT_FALSE(before(urgent, urgent));
  EXPECT_NE(before(late, urgent), before(urgent, late));
}

/// Processes with one event each, hours apart.
class Sparse {
 public:
  struct Payload {};
  std::size_t lp_count() const { return 3; }
  std::string name(LpId lp) const { return std::to_string(index(lp)); }
  std::uint64_t name_hash(LpId lp) const { return hash64(name(lp)); }
  SimDuration lookahead(LpId) const { return SimDuration{1}; }
  void handle(const Event<Payload>& event, Outbox<Payload>&) { seen.push_back(event.at); }
  std::vector<SimTime> seen;
};

TEST(Windows, SkipIdleTime) {
  Sparse model;
  Engine engine(model, Settings{.end = SimTime{days(3000)}});
  const std::vector<SimTime> instants{SimTime{hours(1)}, SimTime{days(300)}, SimTime{days(2999)}};
  engine.schedule(LpId{2}, instants[2], {});
  engine.schedule(LpId{0}, instants[0], {});
  engine.schedule(LpId{1}, instants[1], {});
  engine.schedule(LpId{1}, SimTime{days(3000)}, {});  // At the end: not before it.
  std::vector<SimTime> ends;
  const auto totals = engine.run([&ends](SimTime end) {
    ends.push_back(end);
    return true;
  });
  EXPECT_EQ(model.seen, instants);
  EXPECT_EQ(totals.events, 3U);
  EXPECT_EQ(totals.windows, 3U);
  EXPECT_EQ(totals.now, SimTime{days(3000)});
  for (std::size_t i = 0; i < ends.size(); ++i) EXPECT_EQ(ends[i], instants[i] + SimDuration{1});
}

TEST(Windows, TakeEventsScheduledBetweenThem) {
  Sparse model;
  Engine engine(model, Settings{.end = SimTime{days(1)}});
  engine.schedule(LpId{0}, SimTime{hours(1)}, {});
  int left = 3;
  engine.run([&](SimTime end) {
    if (left-- > 0) engine.schedule(LpId{1}, end, {});
    return true;
  });
  EXPECT_EQ(model.seen.size(), 4U);
}

}  // namespace
}  // namespace peakstorm::kernel
