// Goal: validation.csv is read as written, and refused with the place and the cure.
#include "scenarios/validation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/scenarios/world_folder.hpp"

namespace peakstorm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Validation : public ::testing::Test {
 protected:
  [[nodiscard]] tl::expected<std::vector<PublishedFigure>, std::vector<Fault>> read(const std::string& rows) const {
    test::write_file(folder_.path() / "validation.csv",
                     "figure,kind,measure,services,due,published,source,note\n" + rows);
    const auto world = load_scenario(folder_.path());
    EXPECT_TRUE(world) << (world ? "" : world.error().front().text());
    return read_validation(folder_.path(), *world, {"promise_kept", "on_time.promise", "on_time_all.commit", "nps"});
  }
  [[nodiscard]] std::string fault(const std::string& row) const {
    const auto figures = read(row + "\n");
    if (figures) return "the fault went unnoticed";
    EXPECT_EQ(figures.error().size(), 1U);
    return figures.error().front().text();
  }
  const test::WorldFolder folder_;
};

TEST_F(Validation, IsReadAsWritten) {
  const auto figures = read(
      "\"Air, on time\",fitted,on_time_all.commit,swift-air,2013-11-27,0.83,A paper,about\n"
      "NPS,predicted,nps,,,-12.5,,\n");
  ASSERT_TRUE(figures) << figures.error().front().text();
  ASSERT_EQ(figures->size(), 2U);
  const PublishedFigure& air = figures->front();
  EXPECT_EQ(air.figure, "Air, on time");
  EXPECT_TRUE(air.fitted);
  EXPECT_THAT(air.services, ElementsAre("swift-air"));
  EXPECT_EQ(air.published, 0.83);
  EXPECT_EQ(air.source, "A paper");
  EXPECT_EQ(air.note, "about");
  EXPECT_TRUE(air.due);
  EXPECT_FALSE(figures->back().fitted);
  EXPECT_FALSE(figures->back().due);
  EXPECT_EQ(figures->back().published, -12.5);
}

TEST_F(Validation, OfAScenarioWithoutTheTableIsEmpty) {
  const auto world = load_scenario(folder_.path());
  ASSERT_TRUE(world);
  const auto figures = read_validation(folder_.path(), *world, {});
  ASSERT_TRUE(figures);
  EXPECT_TRUE(figures->empty());
}

TEST_F(Validation, NamesWhatIsWrong) {
  EXPECT_THAT(fault("a,fitted,promise_kep,,,0.9,,"),
              HasSubstr("validation.csv:2: measure: no run measures 'promise_kep'; did you mean 'promise_kept'"));
  EXPECT_THAT(fault("a,guessed,promise_kept,,,0.9,,"), HasSubstr("kind: 'guessed' is no kind of figure"));
  EXPECT_THAT(fault("a,fitted,promise_kept,,,90%,,"), HasSubstr("published: '90%' is not a number"));
  EXPECT_THAT(fault("a,fitted,promise_kept,,,,,"), HasSubstr("published: the cell is empty"));
  EXPECT_THAT(fault(",fitted,promise_kept,,,0.9,,"), HasSubstr("figure: the cell is empty"));
  EXPECT_THAT(fault("a,fitted,on_time.promise,swift-sea,,0.9,,"), HasSubstr("services: unknown service 'swift-sea'"));
  EXPECT_THAT(fault("a,fitted,on_time.promise,,2031-01-01,0.9,,"), HasSubstr("due: nothing is due on that day"));
  EXPECT_THAT(fault("a,fitted,nps,swift-air,,0.9,,"), HasSubstr("'nps' is not counted by service and due day"));
}

}  // namespace
}  // namespace peakstorm
