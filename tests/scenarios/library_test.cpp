#include "scenarios/library.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "scenarios/loader.hpp"
#include "tests/scenarios/world_folder.hpp"

namespace peakstorm {
namespace {

using test::TemporaryFolder;
using test::WorldFolder;
using ::testing::HasSubstr;

/// PEAKSTORM_LIBRARY for the life of a test.
class LibraryVariable {
 public:
  explicit LibraryVariable(const std::filesystem::path& value) {
    setenv("PEAKSTORM_LIBRARY", value.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  }
  ~LibraryVariable() { unsetenv("PEAKSTORM_LIBRARY"); }  // NOLINT(concurrency-mt-unsafe)
  LibraryVariable(const LibraryVariable&) = delete;
  LibraryVariable& operator=(const LibraryVariable&) = delete;
  LibraryVariable(LibraryVariable&&) = delete;
  LibraryVariable& operator=(LibraryVariable&&) = delete;
};

TEST(Library, IsTheSourceTreesUnlessTheVariableNamesAnother) {
  EXPECT_EQ(library_folder().value(), std::filesystem::path(PEAKSTORM_SOURCE_DIR) / "scenarios/library");
  const TemporaryFolder folder;
  {
    const LibraryVariable variable(folder.path());
    EXPECT_EQ(library_folder().value(), folder.path());
    EXPECT_TRUE(list_library(folder.path()).value().empty());
  }
  const LibraryVariable variable(folder.path() / "gone");
  ASSERT_FALSE(library_folder());
  EXPECT_THAT(library_folder().error().message, HasSubstr("PEAKSTORM_LIBRARY"));
}

TEST(Library, ListsScenariosWithTheirTitles) {
  const WorldFolder world;
  const auto library = world.path().parent_path();
  std::filesystem::create_directory(library / "no-scenario");
  std::filesystem::create_directory(library / "broken");
  test::write_file(library / "broken" / "scenario.toml", "[[[");
  const auto entries = list_library(library).value();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].name, "broken");
  EXPECT_THAT(entries[0].description, HasSubstr("cannot be read"));
  EXPECT_EQ(entries[1].name, "two-towns");
  EXPECT_EQ(entries[1].title, "Two towns");
  EXPECT_EQ(entries[1].description, "For tests.");
  EXPECT_GT(entries[1].size, 4'000U);
  EXPECT_FALSE(list_library(library / "nowhere"));
}

TEST(FindScenario, TakesAPathOrANameOfTheLibrary) {
  const WorldFolder world;
  const LibraryVariable variable(world.path().parent_path());
  EXPECT_EQ(find_scenario("two-towns").value(), world.path());
  EXPECT_EQ(find_scenario(world.path().string()).value(), world.path());
}

TEST(FindScenario, SuggestsNearNames) {
  const WorldFolder world;
  const LibraryVariable variable(world.path().parent_path());
  EXPECT_EQ(find_scenario("two-twons").error().message, "unknown scenario 'two-twons'; did you mean 'two-towns'?");
  EXPECT_EQ(find_scenario("zzz").error().message, "unknown scenario 'zzz'; the library has two-towns");
  EXPECT_THAT(find_scenario("/no/such/folder").error().message, HasSubstr("is no scenario folder"));
  EXPECT_THAT(find_scenario(world.path().parent_path().string()).error().message, HasSubstr("no scenario.toml"));
  EXPECT_FALSE(find_scenario(""));
}

TEST(CopyScenario, GivesACopyThatChecksClean) {
  const WorldFolder world;
  const TemporaryFolder home;
  const auto copy = home.path() / "deep" / "my-town.1";
  const auto copied = copy_scenario(world.path(), copy);
  ASSERT_TRUE(copied) << copied.error().message;
  const auto loaded = load_scenario(copy);
  ASSERT_TRUE(loaded) << loaded.error().front().text();
  EXPECT_EQ(loaded->name, "my-town.1");
  EXPECT_EQ(loaded->title, "Two towns");
  // Comments and everything else stay as their author wrote them.
  EXPECT_THAT(test::read_file(copy / "scenario.toml"), HasSubstr("# A small world"));
  EXPECT_EQ(test::read_file(copy / "lanes.csv"), test::read_file(world.path() / "lanes.csv"));
}

TEST(CopyScenario, TakesABareNameInTheWorkingFolder) {
  const WorldFolder world;
  const TemporaryFolder home;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(home.path());
  const auto copied = copy_scenario(world.path(), "my-town");
  const bool checks = load_scenario("my-town").has_value();
  const auto unnamed = copy_scenario(world.path(), "");
  std::filesystem::current_path(before);
  EXPECT_TRUE(copied) << copied.error().message;
  EXPECT_TRUE(checks);
  EXPECT_FALSE(unnamed);
}

TEST(CopyScenario, LeavesNothingBehindWhenItRefuses) {
  const WorldFolder world;
  const TemporaryFolder home;
  const auto refuses = [&](const std::filesystem::path& from, const std::filesystem::path& to, const char* why) {
    const auto copied = copy_scenario(from, to);
    ASSERT_FALSE(copied) << why;
    EXPECT_EQ(copied.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(copied.error().message, HasSubstr(why));
  };
  std::filesystem::create_directory(home.path() / "taken");
  refuses(world.path(), home.path() / "taken", "exists already");
  refuses(world.path(), home.path() / "two words", "no name");
  refuses(world.path(), world.path() / "inside", "inside the scenario");
  refuses(home.path() / "nowhere", home.path() / "new", "no scenario to copy");
  world.replace("scenario.toml", "name = \"two-towns\"", "name = 7");
  refuses(world.path(), home.path() / "new", "scenario.name");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(home.path()), {}), 1);
}

}  // namespace
}  // namespace peakstorm
