// Events whose payload stands for memory of the model travel between ranks as bytes, and so they are kept.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/kernel/engine.hpp"
#include "tests/engine/kernel/thread_ranks.hpp"

namespace peakstorm::kernel {
namespace {

/// Letters are passed around; every station signs them. A letter lives on the heap of the rank where it is.
class Letters {
 public:
  struct Payload {
    std::string* letter;
  };
  static constexpr std::uint32_t stations = 6;
  ~Letters() {
    for (const std::string* letter : delivered) delete letter;
  }
  std::size_t lp_count() const { return stations; }
  std::string name(LpId lp) const { return "station " + std::to_string(index(lp)); }
  std::uint64_t name_hash(LpId lp) const { return hash64(name(lp)); }
  SimDuration lookahead(LpId) const { return SimDuration{1}; }
  void handle(const Event<Payload>& event, Outbox<Payload>& outbox) {
    std::string& letter = *event.payload.letter;
    letter += static_cast<char>('A' + index(event.target));
    if (letter.size() == 40) {
      delivered.push_back(&letter);
      return;
    }
    const auto next = static_cast<std::uint32_t>((index(event.target) * 5 + letter.size()) % stations);
    outbox.send(LpId{next}, event.at + SimDuration{2}, event.payload);
  }
  void save_payload(const Payload& payload, ArchiveWriter& archive) {
    archive(*payload.letter);
    ++packed;
  }
  Payload load_payload(ArchiveReader& archive) {
    auto letter = std::make_unique<std::string>();
    archive(*letter);
    return {letter.release()};
  }
  void drop_payload(const Payload& payload) { delete payload.letter; }
  // A station has no state but what it has delivered.
  void save_state(LpId lp, ArchiveWriter& archive) {
    std::vector<std::string> mine;
    for (const std::string* letter : delivered) {
      if (letter->back() == static_cast<char>('A' + index(lp))) mine.push_back(*letter);
    }
    archive(mine);
  }
  void load_state(LpId /*lp*/, ArchiveReader& archive) {
    std::vector<std::string> mine;
    archive(mine);
    for (std::string& letter : mine) delivered.push_back(std::make_unique<std::string>(std::move(letter)).release());
  }
  std::vector<std::string*> delivered;
  int packed = 0;
};

std::vector<std::string> deliver(std::size_t ranks, int& packed) {
  std::vector<std::string> letters;
  ThreadRanks(ranks).run([&](Exchange& exchange) {
    Letters model;
    Settings settings;
    settings.partition_of_lp = {0, 1, 2, 3, 0, 1};
    settings.exchange = &exchange;
    Engine engine(model, settings);
    for (std::uint32_t lp = 0; lp < Letters::stations; ++lp) {
      auto letter = std::make_unique<std::string>(std::to_string(lp));
      // Every rank makes the same calls; a letter for another rank's station is not this rank's.
      engine.schedule(LpId{lp}, SimTime{}, {letter.get()});
      if (engine.is_local(engine.partitions()[lp])) static_cast<void>(letter.release());
    }
    engine.run();
    std::string mine;
    for (const std::string* letter : model.delivered) mine += *letter + "\n";
    auto count = static_cast<std::uint64_t>(model.packed);
    exchange.sum({&count, 1});
    const auto all = exchange.gather(std::as_bytes(std::span(mine)));
    if (exchange.rank() != 0) return;
    packed = static_cast<int>(count);
    for (const auto& bytes : all) {
      const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      for (std::size_t from = 0; from < text.size(); from += 41) letters.push_back(text.substr(from, 40));
    }
  });
  std::sort(letters.begin(), letters.end());
  return letters;
}

TEST(Ranks, CarryTheMemoryOfAnEvent) {
  int packed_by_one = 0;
  int packed_by_three = 0;
  const auto by_one = deliver(1, packed_by_one);
  ASSERT_EQ(by_one.size(), 6U);
  EXPECT_EQ(packed_by_one, 0);
  EXPECT_EQ(deliver(3, packed_by_three), by_one);
  EXPECT_GT(packed_by_three, 20);
}

// Goal: a checkpoint copies what belongs to an event; the run that wrote it goes on with its own.
TEST(Ranks, ACheckpointCopiesTheMemoryOfAnEvent) {
  int packed = 0;
  const auto whole = deliver(1, packed);
  SingleRank alone;
  const auto settings = [&] {
    Settings s;
    s.partition_of_lp = {0, 1, 2, 3, 0, 1};
    s.exchange = &alone;
    return s;
  };
  std::vector<std::byte> saved;
  const auto sorted = [](const Letters& model) {
    std::vector<std::string> letters;
    for (const std::string* letter : model.delivered) letters.push_back(*letter);
    std::sort(letters.begin(), letters.end());
    return letters;
  };
  Letters first;
  {
    Engine engine(first, settings());
    for (std::uint32_t lp = 0; lp < Letters::stations; ++lp) {
      engine.schedule(LpId{lp}, SimTime{}, {std::make_unique<std::string>(std::to_string(lp)).release()});
    }
    engine.run([](SimTime) { return true; }, SimTime{SimDuration{25}});
    BytesSink sink(saved);
    ArchiveWriter archive(sink);
    engine.save(archive);
    engine.run();
  }
  EXPECT_EQ(sorted(first), whole);
  Letters second;
  {
    Engine engine(second, settings());
    BytesSource source(saved);
    ArchiveReader archive(source);
    engine.load(archive);
    ASSERT_TRUE(archive.ok() && engine.loaded());
    engine.run();
  }
  EXPECT_EQ(sorted(second), whole);
  // What is never delivered is dropped by the engine, damaged parts included (the address sanitizer sees leaks).
  for (std::size_t length = 0; length < saved.size(); length += 11) {
    Letters torn;
    Engine engine(torn, settings());
    BytesSource source{std::span(saved).first(length)};
    ArchiveReader archive(source);
    engine.load(archive);
    EXPECT_FALSE(archive.ok());
  }
}

TEST(Ranks, MoreRanksThanPartitionsLeaveSomeIdle) {
  int packed = 0;
  const auto by_one = deliver(1, packed);
  EXPECT_EQ(deliver(7, packed), by_one);
}

}  // namespace
}  // namespace peakstorm::kernel
