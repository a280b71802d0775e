#include "engine/flow/chain.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <thread>

#include "engine/archive.hpp"
#include "engine/flow/parcel.hpp"

namespace peakstorm::flow {
namespace {

struct Item {
  std::uint64_t number = 0;
  std::uint64_t ballast = 0;
};

std::vector<std::uint64_t> numbers_of(Chain<Item>& chain) {
  std::vector<std::uint64_t> numbers;
  chain.for_each([&](const Item& item) { numbers.push_back(item.number); });
  return numbers;
}

// Goal: a chain is a queue, whatever the sizes of its blocks. Method: random runs of pushes and pops against
// std::deque.
TEST(Chain, BehavesAsADeque) {
  std::mt19937_64 random(7);
  Chain<Item> chain;
  std::deque<std::uint64_t> model;
  std::uint64_t next = 0;
  for (int round = 0; round < 400; ++round) {
    for (std::uint64_t pushes = random() % 3000; pushes > 0; --pushes) {
      chain.push_back({next, ~next});
      model.push_back(next++);
    }
    for (std::uint64_t pops = random() % 3000; pops > 0 && !model.empty(); --pops) {
      ASSERT_EQ(chain.front().number, model.front());
      ASSERT_EQ(chain.front().ballast, ~model.front());
      chain.pop_front();
      model.pop_front();
    }
    ASSERT_EQ(chain.size(), model.size());
    ASSERT_EQ(chain.empty(), model.empty());
    ASSERT_EQ(numbers_of(chain), std::vector<std::uint64_t>(model.begin(), model.end()));
  }
}

TEST(Chain, ConsumingEmptiesItInOrder) {
  for (const std::uint64_t size : {0U, 1U, 8U, 9U, 63U, 64U, 65U, 5000U}) {
    Chain<Item> chain;
    for (std::uint64_t i = 0; i < size; ++i) chain.push_back({i, 0});
    std::uint64_t expected = 0;
    chain.consume([&](const Item& item) { EXPECT_EQ(item.number, expected++); });
    EXPECT_EQ(expected, size);
    EXPECT_TRUE(chain.empty());
    chain.push_back({42, 0});
    EXPECT_EQ(numbers_of(chain), std::vector<std::uint64_t>{42});
  }
}

TEST(Chain, ACursorSkipsOverBlocks) {
  Chain<Item> chain;
  for (std::uint64_t i = 0; i < 5000; ++i) chain.push_back({i, 0});
  for (std::uint64_t i = 0; i < 5; ++i) chain.pop_front();
  Chain<Item>::Cursor cursor(chain);
  cursor.skip(3);
  EXPECT_EQ(cursor.next().number, 8U);
  cursor.skip(0);
  cursor.skip(2990);
  EXPECT_EQ(cursor.next().number, 2999U);
  cursor.skip(2000);  // Up to the very end.
  EXPECT_EQ(chain.size(), 4995U);
}

TEST(Chain, MovingLeavesNothingBehind) {
  Chain<Item> chain;
  for (std::uint64_t i = 0; i < 100; ++i) chain.push_back({i, 0});
  Chain<Item> other(std::move(chain));
  EXPECT_EQ(other.size(), 100U);
  Chain<Item> third;
  third.push_back({1, 1});
  third = std::move(other);
  EXPECT_EQ(third.size(), 100U);
  EXPECT_EQ(third.front().number, 0U);
}

TEST(Chain, IsArchivedAsAVector) {
  Chain<Parcel> chain;
  std::vector<Parcel> parcels(1000);
  for (std::size_t i = 0; i < parcels.size(); ++i) {
    parcels[i].id = ParcelId{i};
    chain.push_back(parcels[i]);
  }
  std::vector<std::byte> from_chain;
  std::vector<std::byte> from_vector;
  BytesSink chain_sink(from_chain);
  BytesSink vector_sink(from_vector);
  ArchiveWriter{chain_sink}(chain);
  ArchiveWriter{vector_sink}(parcels);
  EXPECT_EQ(from_chain, from_vector);

  Chain<Parcel> back;
  back.push_back({});
  BytesSource source(from_chain);
  ArchiveReader reader(source);
  reader(back);
  ASSERT_TRUE(reader.ok());
  ASSERT_EQ(back.size(), parcels.size());
  std::uint64_t expected = 0;
  back.for_each([&](const Parcel& parcel) { EXPECT_EQ(parcel.id, ParcelId{expected++}); });

  from_chain.resize(from_chain.size() / 2);
  BytesSource torn(from_chain);
  ArchiveReader torn_reader(torn);
  torn_reader(back);
  EXPECT_FALSE(torn_reader.ok());
}

// Goal: blocks filled on one thread and emptied on another are neither lost nor shared.
TEST(Chain, BlocksTravelBetweenThreads) {
  std::vector<std::thread> threads;
  std::vector<Chain<Item>> chains(4);
  for (std::size_t t = 0; t < chains.size(); ++t) {
    threads.emplace_back([&chains, t] {
      for (std::uint64_t i = 0; i < 50'000; ++i) chains[t].push_back({i, t});
    });
  }
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  for (std::size_t t = 0; t < chains.size(); ++t) {
    threads.emplace_back([&chains, t] {
      Chain<Item>& theirs = chains[(t + 1) % chains.size()];
      Chain<Item> mine;
      theirs.consume([&](const Item& item) { mine.push_back(item); });
      std::uint64_t expected = 0;
      mine.consume([&](const Item& item) {
        EXPECT_EQ(item.number, expected++);
        EXPECT_EQ(item.ballast, (t + 1) % 4);
      });
      EXPECT_EQ(expected, 50'000U);
    });
  }
  for (std::thread& thread : threads) thread.join();
  BlockStore::release();
}

}  // namespace
}  // namespace peakstorm::flow
