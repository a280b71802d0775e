// The parts of a facility on their own: the sorter's work calendar, the load limit, the queue counter.

#include <gtest/gtest.h>

#include <random>

#include "engine/flow/census.hpp"
#include "engine/flow/load_limit.hpp"
#include "engine/flow/queue_count.hpp"
#include "engine/flow/variates.hpp"
#include "engine/flow/work_calendar.hpp"

namespace peakstorm::flow {
namespace {

SimTime at_hour(std::int64_t hour) {
  return day_zero + hours(hour);
}

/// 100 pieces an hour from 2 h to 4 h, closed until 6 h, 200 an hour until 8 h.
WorkCalendar two_windows() {
  WorkCalendar calendar;
  calendar.append(at_hour(2), 100 * 100);
  calendar.append(at_hour(4), 0);
  calendar.append(at_hour(6), 200 * 100);
  calendar.append(at_hour(8), 0);
  return calendar;
}

TEST(WorkCalendar, CountsWorkOnlyWhileOpen) {
  const WorkCalendar calendar = two_windows();
  const auto pieces = [&](std::int64_t hour) {
    return calendar.done_by(at_hour(hour)) / WorkCalendar::units_per_piece;
  };
  EXPECT_EQ(pieces(0), 0);
  EXPECT_EQ(pieces(2), 0);
  EXPECT_EQ(pieces(3), 100);
  EXPECT_EQ(pieces(4), 200);
  EXPECT_EQ(pieces(5), 200);
  EXPECT_EQ(pieces(7), 400);
  EXPECT_EQ(pieces(20), 600);
}

TEST(WorkCalendar, FinishesPiecesAtTheFirstInstantThatSuffices) {
  const WorkCalendar calendar = two_windows();
  const auto when = [&](std::int64_t pieces) { return calendar.when(pieces * WorkCalendar::units_per_piece); };
  EXPECT_EQ(when(1), at_hour(2) + SimDuration{36'000});
  EXPECT_EQ(when(200), at_hour(4));
  EXPECT_EQ(when(201), at_hour(6) + SimDuration{18'000});
  EXPECT_EQ(when(600), at_hour(8));
  EXPECT_EQ(when(601), never);
}

TEST(WorkCalendar, InverseAndCapacityAgreeOnRandomCalendars) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    WorkCalendar calendar;
    std::int64_t t = 0;
    for (int i = 0; i < 20; ++i) {
      calendar.append(day_zero + SimDuration{t}, static_cast<std::int64_t>(random() % 3) * 700'001);
      t += 1 + static_cast<std::int64_t>(random() % 5'000'000);
    }
    for (int i = 0; i < 50; ++i) {
      const auto work = static_cast<WorkCalendar::Work>(random() % 30'000'000'000'000ULL) + 1;
      const SimTime done = calendar.when(work);
      if (done == never) continue;
      ASSERT_GE(calendar.done_by(done), work);
      ASSERT_LT(calendar.done_by(done - SimDuration{1}), work);
    }
  }
}

TEST(LoadLimit, AtScaleOneNothingExceedsTheTrailer) {
  LoadLimit limit;
  limit.open({3000, 0, 0}, true);
  EXPECT_TRUE(limit.take(1, 1));
  EXPECT_TRUE(limit.take(1, 1));
  EXPECT_TRUE(limit.take(1, 1));
  EXPECT_FALSE(limit.take(1, 1));
}

TEST(LoadLimit, WeightOrVolumeMayFillTheTrailerFirst) {
  LoadLimit heavy;
  heavy.open({10'000, 5'000, 0}, true);
  EXPECT_TRUE(heavy.take(2'000, 99'999));
  EXPECT_TRUE(heavy.take(3'000, 1));
  EXPECT_FALSE(heavy.take(1, 1));
  LoadLimit bulky;
  bulky.open({10'000, 0, 1'000}, true);
  EXPECT_TRUE(bulky.take(99'999, 900));
  EXPECT_FALSE(bulky.take(1, 101));
}

TEST(LoadLimit, AParcelLargerThanTheTrailerBoardsAloneInsteadOfBlocking) {
  LoadLimit limit;
  limit.open({10'000, 1'000, 0}, true);
  EXPECT_TRUE(limit.take(5'000, 1));
  EXPECT_FALSE(limit.take(1, 1));
  limit.open({10'000, 1'000, 0}, true);
  EXPECT_TRUE(limit.take(900, 1));
}

TEST(LoadLimit, FractionsOfParcelsAreKeptOnAverage) {
  for (const std::int64_t milli : {400, 1'300, 2'500, 70}) {
    LoadLimit limit;
    std::int64_t loaded = 0;
    for (int departure = 0; departure < 1000; ++departure) {
      limit.open({milli, 0, 0}, false);
      while (limit.take(1, 1)) ++loaded;
    }
    EXPECT_NEAR(static_cast<double>(loaded), static_cast<double>(milli), 1.0) << milli;
  }
}

TEST(LoadLimit, UnusedRoomIsLost) {
  LoadLimit limit;
  limit.open({2'000, 0, 0}, false);
  limit.open({2'000, 0, 0}, false);
  int loaded = 0;
  while (limit.take(1, 1)) ++loaded;
  EXPECT_EQ(loaded, 2);
}

// MODEL: Little's law on an exact path: waits {0,11,8,7,2,5,6,0} over 25 time units give a mean number in queue of
// 39 / 25 = 1.56 (KSL, Little's law example).
TEST(QueueCount, AreaEqualsSojournOnAnExactPath) {
  QueueCount count;
  const std::int64_t waits[] = {0, 11, 8, 7, 2, 5, 6, 0};
  struct Change {
    std::int64_t at;
    bool enters;
    std::int64_t entered;
  };
  std::vector<Change> changes;
  for (std::int64_t i = 0; i < 8; ++i) {
    changes.push_back({2 * i, true, 2 * i});
    changes.push_back({2 * i + waits[i], false, 2 * i});
  }
  std::stable_sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.at < b.at; });
  for (const Change& change : changes) {
    const SimTime at = day_zero + SimDuration{change.at};
    if (change.enters) {
      count.enter(at, 1);
    } else {
      count.leave(at, 1, day_zero + SimDuration{change.entered});
    }
  }
  count.advance(day_zero + SimDuration{25});
  EXPECT_EQ(count.area(), 39);
  EXPECT_EQ(count.sojourn(), 39);
  EXPECT_DOUBLE_EQ(static_cast<double>(count.area()) / 25, 1.56);
}

TEST(MidnightCount, AChangeShowsAtTheFirstMidnightAfterIt) {
  MidnightCount count(4);
  count.add(day_zero + hours(5), 2);
  count.add(day_zero + days(1), 1);
  count.add_between(day_zero + hours(30), day_zero + days(2), 10);
  EXPECT_EQ(count.series(), (std::vector<std::int64_t>{0, 2, 13, 3, 3}));
}

// Mean and variance of a Poisson count are its mean: z-tests with |z| < 4 at fixed seeds (standard errors
// of the sample mean and of the sample variance of n draws).
TEST(Poisson, HasItsMeanAndVariance) {
  for (const double mean : {0.3, 7.0, 31.9, 75.0, 1000.0}) {
    const int n = 20'000;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < n; ++i) {
      const auto k = static_cast<double>(poisson(DrawKey({11, 0}), Purpose::test, static_cast<std::uint64_t>(i), mean));
      sum += k;
      squares += (k - mean) * (k - mean);
    }
    EXPECT_LT(std::abs(sum / n - mean) / std::sqrt(mean / n), 4) << mean;
    const double variance_se = std::sqrt((mean + 2 * mean * mean) / n);
    EXPECT_LT(std::abs(squares / n - mean) / variance_se, 4) << mean;
  }
}

TEST(AliasTable, DrawsByWeight) {
  const std::vector<std::uint64_t> weights{1, 0, 5, 4};
  const AliasTable table(weights);
  std::vector<double> seen(weights.size());
  const int n = 100'000;
  for (int i = 0; i < n; ++i) {
    seen[table.pick(Draws({3, 0}, Purpose::test, static_cast<std::uint64_t>(i)).word(0))] += 1;
  }
  EXPECT_EQ(seen[1], 0);
  for (std::size_t k = 0; k < weights.size(); ++k) {
    const double p = static_cast<double>(weights[k]) / 10;
    EXPECT_LE(std::abs(seen[k] - n * p), 4 * std::sqrt(n * p * (1 - p)) + 1e-9) << k;
  }
}

TEST(PortableMath, AgreesWithTheLibrary) {
  for (double x = -30; x < 30; x += 0.37) EXPECT_NEAR(portable_exp(x) / std::exp(x), 1, 1e-13) << x;
  for (double x = 1e-9; x < 1e9; x *= 1.7)
    EXPECT_NEAR(portable_log(x), std::log(x), 1e-13 * (1 + std::abs(std::log(x)))) << x;
  // Φ(1.959964) = 0.975, Φ(-3.090232) = 0.001.
  EXPECT_NEAR(normal_quantile(0.975), 1.959963985, 1e-7);
  EXPECT_NEAR(normal_quantile(0.001), -3.090232306, 1e-7);
  EXPECT_NEAR(normal_quantile(0.5), 0, 1e-9);
}

}  // namespace
}  // namespace peakstorm::flow
