// Goal: ranks whose clocks differ begin at one instant, and what is said of the difference is true.
// Method: made-up ways of messages for the arithmetic; ranks as threads, with clocks set apart, for the whole.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <random>

#include "adapters/cluster/common_clock.hpp"
#include "adapters/cluster/party.hpp"
#include "tests/engine/kernel/thread_ranks.hpp"

namespace peakstorm::cluster {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

TEST(ClockOffset, HoldsTheTruthHoweverUnevenTheWaysAre) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2'000; ++round) {
    const nanoseconds truth{static_cast<std::int64_t>(random() % 2'000'000'000'000) - 1'000'000'000'000};
    std::vector<RoundTrip> trips;
    nanoseconds now{static_cast<std::int64_t>(random() % 1'000'000'000)};
    nanoseconds fastest = nanoseconds::max();
    for (int i = 0; i < 20; ++i) {
      const nanoseconds there{static_cast<std::int64_t>(random() % 300'000)};
      const nanoseconds back{static_cast<std::int64_t>(random() % 3'000'000)};
      trips.push_back({now, now + there + truth, now + there + back});
      fastest = std::min(fastest, there + back);
      now += there + back + nanoseconds{static_cast<std::int64_t>(random() % 5'000)};
    }
    const ClockOffset found = offset_of(trips);
    EXPECT_LE(abs(found.offset - truth), found.uncertainty);
    EXPECT_LE(found.uncertainty, fastest / 2 + 1ns);
  }
  const std::vector<RoundTrip> even{{100ns, 5'150ns, 200ns}};
  EXPECT_EQ(offset_of(even).offset, 5'000ns);
  EXPECT_EQ(offset_of(even).uncertainty, 50ns);
}

/// What the threads of a job share beyond the exchange.
class Post {
 public:
  void put(std::size_t from, std::size_t to, std::int64_t number) {
    const std::scoped_lock guard(lock_);
    boxes_[{from, to}].push_back(number);
    arrived_.notify_all();
  }
  std::int64_t take(std::size_t from, std::size_t to) {
    std::unique_lock guard(lock_);
    auto& box = boxes_[{from, to}];
    arrived_.wait(guard, [&] { return !box.empty(); });
    const std::int64_t number = box.front();
    box.pop_front();
    return number;
  }
  /// Votes are numbered; a rank's n-th vote is everybody's n-th.
  void vote(std::size_t number, const Job::Voice& voice) {
    const std::scoped_lock guard(lock_);
    if (votes_.size() <= number) votes_.resize(number + 1);
    Vote& v = votes_[number];
    ++v.voices;
    v.all = {v.all.ends || voice.ends, v.all.busy || voice.busy};
  }
  std::optional<Job::Voice> outcome(std::size_t number, std::size_t ranks) {
    const std::scoped_lock guard(lock_);
    return votes_[number].voices == ranks ? std::optional(votes_[number].all) : std::nullopt;
  }

 private:
  struct Vote {
    std::size_t voices = 0;
    Job::Voice all;
  };
  std::mutex lock_;
  std::condition_variable arrived_;
  std::map<std::pair<std::size_t, std::size_t>, std::deque<std::int64_t>> boxes_;
  std::vector<Vote> votes_;
};

class ThreadJob final : public Job {
 public:
  ThreadJob(kernel::Exchange& exchange, Post& post) : exchange_(exchange), post_(post) {}
  [[nodiscard]] std::size_t rank() const override { return exchange_.rank(); }
  [[nodiscard]] std::size_t ranks() const override { return exchange_.ranks(); }
  [[nodiscard]] std::size_t ranks_here() const override { return ranks(); }
  void send(std::size_t to, std::int64_t number) override { post_.put(rank(), to, number); }
  std::int64_t receive(std::size_t from) override { return post_.take(from, rank()); }
  std::optional<Voice> vote(const Voice& mine) override {
    if (!voting_) post_.vote(votes_, mine);
    voting_ = true;
    const auto all = post_.outcome(votes_, ranks());
    if (!all) return std::nullopt;
    voting_ = false;
    ++votes_;
    return all;
  }
  std::int64_t minimum(std::int64_t mine) override { return exchange_.minimum(mine); }
  void sum(std::span<std::uint64_t> values) override { exchange_.sum(values); }
  std::vector<std::vector<std::byte>> swap(std::span<std::vector<std::byte>> outgoing) override {
    return exchange_.swap(outgoing);
  }
  std::vector<std::vector<std::byte>> gather(std::span<const std::byte> mine) override {
    return exchange_.gather(mine);
  }

 private:
  kernel::Exchange& exchange_;
  Post& post_;
  std::size_t votes_ = 0;
  bool voting_ = false;
};

nanoseconds machine_time() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

TEST(RankParty, BeginsAtOneInstantThoughClocksDiffer) {
  constexpr std::size_t ranks = 4;
  Post post;
  std::array<ClockOffset, ranks> offsets;
  std::array<nanoseconds, ranks> earliest{};  // The start on the machine's clock lies between these.
  std::array<nanoseconds, ranks> latest{};
  const auto apart = [](std::size_t rank) { return static_cast<std::int64_t>(rank) * -3'333'333s; };
  kernel::ThreadRanks(ranks).run([&](kernel::Exchange& exchange) {
    ThreadJob job(exchange, post);
    const std::size_t rank = job.rank();
    RankParty party(job, [&] { return machine_time() + apart(rank); });
    ASSERT_TRUE(party.meet(true));
    const nanoseconds before = machine_time();
    const nanoseconds wait = party.until_start();
    offsets[rank] = party.offset();
    earliest[rank] = before + wait;
    latest[rank] = machine_time() + wait;
  });
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    EXPECT_LE(abs(offsets[rank].offset - apart(rank)), offsets[rank].uncertainty) << rank;
    EXPECT_LE(earliest[rank] - offsets[rank].uncertainty, latest[0]) << rank;
    EXPECT_GE(latest[rank] + offsets[rank].uncertainty, earliest[0]) << rank;
  }
  EXPECT_EQ(offsets[0].offset, 0ns);
}

TEST(RankParty, HearsOfAnEndWhileItWorksAndAgreesAboutIt) {
  constexpr std::size_t ranks = 3;
  Post post;
  std::array<bool, ranks> well{};
  std::atomic<int> heard{0};
  kernel::ThreadRanks(ranks).run([&](kernel::Exchange& exchange) {
    ThreadJob job(exchange, post);
    RankParty party(job);
    EXPECT_TRUE(party.meet(true));
    EXPECT_EQ(party.sum(job.rank()), 3U);
    // Rank 2 has had enough; the others work until they hear of it. Rank 1 is done before.
    if (job.rank() == 0) {
      while (!party.called_off(false)) std::this_thread::yield();
      ++heard;
    }
    well[job.rank()] = party.meet(job.rank() != 2);
  });
  EXPECT_EQ(heard, 1);
  for (const bool one : well) EXPECT_FALSE(one);
}

}  // namespace
}  // namespace peakstorm::cluster
