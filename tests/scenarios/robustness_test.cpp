// Goal: no file, however damaged, crashes or hangs the loader; it gives a World or a list of faults.
// Method: seeded random damage to a valid scenario; the sanitizers watch.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "scenarios/loader.hpp"
#include "tests/scenarios/world_folder.hpp"

namespace peakstorm {
namespace {

using test::WorldFolder;

std::uint32_t fresh_seed() {
  const char* given = std::getenv("PEAKSTORM_SEED");  // NOLINT(concurrency-mt-unsafe)
  return given != nullptr ? static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
}

/// Damages a text in one of the ways that files are damaged, by machines and by people.
std::string damaged(std::string text, std::mt19937& random) {
  const auto below = [&](std::size_t n) { return n == 0 ? 0 : random() % n; };
  switch (random() % 8) {
    case 0:  // Truncated.
      text.resize(below(text.size()));
      break;
    case 1:  // A flipped bit.
      if (!text.empty()) text[below(text.size())] ^= static_cast<char>(1U << (random() % 8));
      break;
    case 2:  // Any byte anywhere.
      text.insert(below(text.size() + 1), 1, static_cast<char>(random()));
      break;
    case 3:  // A character that means something.
      text.insert(below(text.size() + 1), 1, "\"',\n\r#[]{}=-.+:"[random() % 15]);
      break;
    case 4:  // A piece missing.
      text.erase(below(text.size()), below(20));
      break;
    case 5: {  // A piece twice.
      const std::size_t at = below(text.size());
      text.insert(at, text.substr(at, below(200)));
      break;
    }
    case 6: {  // A digit changed: most often a valid file with another meaning.
      const std::size_t at = text.find_first_of("0123456789", below(text.size()));
      if (at != std::string::npos) text[at] = static_cast<char>('0' + random() % 10);
      break;
    }
    default: {  // A huge number.
      const std::size_t at = text.find_first_of("0123456789", below(text.size()));
      if (at != std::string::npos) text.insert(at, "99999999999999999999");
    }
  }
  return text;
}

TEST(Robustness, DamagedFilesGiveAWorldOrFaults) {
  const std::uint32_t seed = fresh_seed();
  SCOPED_TRACE("rerun with PEAKSTORM_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  const WorldFolder folder;
  std::vector<std::filesystem::path> files;
  for (const InputFile& file : scenario_files(folder.path())) files.push_back(folder.path() / file.name);
  int rejected = 0;
  for (int round = 0; round < 1'500; ++round) {
    const auto& path = files[random() % files.size()];
    const std::string whole = test::read_file(path);
    std::string text = damaged(whole, random);
    if (random() % 3 == 0) text = damaged(std::move(text), random);
    test::write_file(path, text);
    const auto world = load_scenario(folder.path());
    if (!world) {
      ++rejected;
      ASSERT_FALSE(world.error().empty());
      for (const Fault& fault : world.error()) {
        ASSERT_FALSE(fault.file.empty() || fault.message.empty() || fault.cure.empty()) << fault.text();
        ASSERT_GE(fault.line, 0);
      }
    }
    test::write_file(path, whole);
  }
  EXPECT_GT(rejected, 100);  // Else the damage did nothing and the test watched nothing.
  EXPECT_TRUE(load_scenario(folder.path()));
}

TEST(Robustness, EveryTruncationOfTheSettingsIsHandled) {
  const WorldFolder folder;
  const std::string whole = test::read_file(folder.path() / "scenario.toml");
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    test::write_file(folder.path() / "scenario.toml", std::string_view(whole).substr(0, size));
    const auto world = load_scenario(folder.path());
    EXPECT_TRUE(world || !world.error().empty());
  }
}

TEST(Robustness, EmptyAndForeignFilesAreFaults) {
  const WorldFolder folder;
  for (const InputFile& file : scenario_files(folder.path())) {
    const std::string whole = test::read_file(folder.path() / file.name);
    for (const std::string& text : {std::string(), std::string(5'000, '\0'), std::string(5'000, '['),
                                    std::string(5'000, ','), std::string(5'000, '"'),
                                    std::string("\x7f"
                                                "ELF\2\1\1")}) {
      test::write_file(folder.path() / file.name, text);
      const auto world = load_scenario(folder.path());
      ASSERT_FALSE(world) << file.name;
      EXPECT_FALSE(world.error().empty());
    }
    test::write_file(folder.path() / file.name, whole);
  }
}

TEST(Robustness, AFolderInThePlaceOfATableIsAFault) {
  const WorldFolder folder;
  std::filesystem::remove(folder.path() / "orders.csv");
  std::filesystem::create_directory(folder.path() / "orders.csv");
  const auto world = load_scenario(folder.path());
  ASSERT_FALSE(world);
  EXPECT_EQ(world.error().front().file, "orders.csv");
}

TEST(Robustness, DeepNestingIsAFault) {
  const WorldFolder folder;
  folder.replace("scenario.toml", "seed = 7", "seed = " + std::string(100'000, '['));
  EXPECT_FALSE(load_scenario(folder.path()));
}

TEST(Robustness, ThousandsOfFaultsAreReportedQuickly) {
  const WorldFolder folder;
  std::string text = "carrier,destination,depot\n";
  for (int i = 0; i < 3'000; ++i) text += "swift,nowhere-" + std::to_string(i) + ",east-depto\n";
  test::write_file(folder.path() / "coverage.csv", text);
  const auto world = load_scenario(folder.path());
  ASSERT_FALSE(world);
  EXPECT_EQ(world.error().size(), 6'000U);
}

}  // namespace
}  // namespace peakstorm
