#include "adapters/cli/hint.hpp"

#include <gtest/gtest.h>

namespace peakstorm::cli {
namespace {

TEST(Hint, NamesTheNearestWordWithinTwoEdits) {
  const std::vector<std::string> verbs{"drill", "simulate", "replay", "report", "check"};
  EXPECT_EQ(nearest("simulat", verbs), "simulate");
  EXPECT_EQ(nearest("dirll", verbs), "drill");
  EXPECT_EQ(nearest("reprot", verbs), "report");
  EXPECT_EQ(nearest("cheque", verbs), "");  // Three edits away.
  EXPECT_EQ(nearest("x", verbs), "");
  EXPECT_EQ(nearest("", verbs), "");
  EXPECT_EQ(nearest("drill", {}), "");
}

}  // namespace
}  // namespace peakstorm::cli
