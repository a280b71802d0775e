// Goal: the calendar is a priority queue.
// Method: random pushes and pops, the same on a std::set, with time scales from "all at one instant" to
// years, so that every level, the retuning of the bucket width and the heap beside the front are used.
#include "engine/kernel/pending_events.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <set>
#include <vector>

#include "engine/random.hpp"

namespace peakstorm::kernel {
namespace {

struct Word {
  std::uint64_t value = 0;
};
using WordEvent = Event<Word>;

EventOrder plain_order() {
  return EventOrder({7, 0}, nullptr, [](const void*, LpId lp) { return mix64(index(lp)); });
}

struct Profile {
  const char* name;
  std::int64_t spread;  ///< Delays are below it ...
  unsigned squash;      ///< ... and their logarithm is uniform when this is 1: many short, few very long.
  std::int64_t grain;   ///< Delays are multiples of it.
  std::size_t population;
};
std::ostream& operator<<(std::ostream& out, const Profile& p) {
  return out << p.name;
}

class PendingEventsModel : public ::testing::TestWithParam<Profile> {};

TEST_P(PendingEventsModel, GivesTheEventsInTheOrderOfASet) {
  const Profile profile = GetParam();
  PendingEvents<Word> queue(plain_order());
  const EventOrder order = plain_order();
  std::set<WordEvent, EventOrder> reference(order);
  std::uint32_t serial = 0;
  const auto delay = [&](std::uint64_t salt) {
    const std::uint64_t draw = hash64(serial, salt);
    auto ticks = static_cast<std::int64_t>(draw % static_cast<std::uint64_t>(profile.spread));
    if (profile.squash == 1)
      ticks >>= (draw >> 58U) % static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(profile.spread)));
    return SimDuration{ticks / profile.grain * profile.grain};
  };
  const auto push = [&](SimTime at) {
    const WordEvent event{
        at, LpId{serial % 97}, LpId{serial % 89}, serial, static_cast<std::uint8_t>(serial % 3), {hash64(serial, 1)}};
    ++serial;
    queue.push(event);
    ASSERT_TRUE(reference.insert(event).second);
  };
  const SimTime start{SimDuration{-1'000'000}};
  for (std::size_t i = 0; i < profile.population; ++i) push(start + delay(2));

  SimTime now = start;
  for (int window = 0; window < 400 && !reference.empty(); ++window) {
    ASSERT_EQ(queue.size(), reference.size());
    ASSERT_EQ(queue.next(), reference.begin()->at);
    std::size_t held = 0;
    queue.for_each([&held](const WordEvent&) { ++held; });
    ASSERT_EQ(held, reference.size());

    const SimTime until = queue.next() + delay(3) + SimDuration{1};
    std::size_t visited = 0;
    const std::size_t count = queue.pop_until(until, [&](const WordEvent& event) {
      ++visited;
      ASSERT_FALSE(reference.empty());
      ASSERT_EQ(event.sequence, reference.begin()->sequence);
      ASSERT_EQ(event.payload.value, reference.begin()->payload.value);
      reference.erase(reference.begin());
      now = event.at;
      // Mostly one for one; sometimes none, sometimes two.
      const std::uint64_t draw = hash64(serial, 9) % 16;
      if (visited > 20'000) return;
      if (draw > 0) push(now + delay(4));
      if (draw == 1) push(now + delay(5));
    });
    if (HasFatalFailure()) return;
    ASSERT_EQ(count, visited);
    ASSERT_TRUE(reference.empty() || reference.begin()->at >= until);
    now = std::max(now, until);
    for (int mail = 0; mail < 20; ++mail) push(now + delay(6));
  }
  // Drain.
  queue.pop_until(never, [&](const WordEvent& event) {
    ASSERT_EQ(event.sequence, reference.begin()->sequence);
    reference.erase(reference.begin());
  });
  EXPECT_TRUE(reference.empty());
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_EQ(queue.next(), never);
}

INSTANTIATE_TEST_SUITE_P(Profiles, PendingEventsModel,
                         ::testing::Values(Profile{"one_instant", 1, 0, 1, 3000},
                                           Profile{"few_instants", 100, 0, 10, 3000},
                                           Profile{"dense", 1000, 0, 1, 5000},
                                           Profile{"seconds", 1'000'000, 0, 1, 5000},
                                           Profile{"days", 400'000'000, 0, 60'000, 3000},
                                           Profile{"mixed_scales", std::int64_t{1} << 50, 1, 1, 3000},
                                           Profile{"hardly_any", 1'000'000, 0, 1, 3}),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(PendingEvents, HoldsTheFirstAndTheLastInstant) {
  PendingEvents<Word> queue(plain_order());
  const std::vector<SimTime> instants{SimTime::min() + SimDuration{1}, SimTime{SimDuration{-1}}, SimTime{},
                                      never - SimDuration{1}};
  std::uint32_t serial = 0;
  for (const SimTime at : {instants[3], instants[1], instants[0], instants[2]}) {
    queue.push({at, LpId{0}, LpId{0}, serial++, 0, {}});
  }
  std::vector<SimTime> seen;
  queue.pop_until(never, [&seen](const WordEvent& event) { seen.push_back(event.at); });
  EXPECT_EQ(seen, instants);
}

TEST(PendingEvents, ReusesTheMemoryOfHandledEvents) {
  // A million events pass through a queue of a thousand: for_each visits what is there and nothing else.
  PendingEvents<Word> queue(plain_order());
  for (std::uint32_t i = 0; i < 1000; ++i) queue.push({SimTime{SimDuration{i}}, LpId{}, LpId{}, i, 0, {}});
  std::uint32_t serial = 1000;
  std::size_t handled = 0;
  SimTime until{};
  while (handled < 1'000'000) {
    until += SimDuration{500};
    handled += queue.pop_until(until, [&](const WordEvent& event) {
      queue.push(
          {event.at + SimDuration{200 + static_cast<int>(hash64(serial, 1) % 5000)}, LpId{}, LpId{}, serial, 0, {}});
      ++serial;
    });
    ASSERT_EQ(queue.size(), 1000U);
  }
}

}  // namespace
}  // namespace peakstorm::kernel
