// christmas-2013 at a tiny scale, on ranks and from a checkpoint: the library's largest world goes through the same
// motions as the small ones of resume_test.cpp.
#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>

#include "scenarios/loader.hpp"
#include "tests/engine/rank_runs.hpp"

namespace peakstorm {
namespace {

using namespace test::rank_runs;

TEST(Checkpoint, ANationsSeasonGoesOnAsIfNothingHadHappened) {
  const auto world = load_scenario(std::filesystem::path(PEAKSTORM_SOURCE_DIR) / "scenarios/library/christmas-2013");
  ASSERT_TRUE(world.has_value());
  Plan plan = every(days(20) + hours(7));
  plan.options.scale = 0.0001;
  const auto reference = run(*world, {1, 2}, {.options = {.scale = plan.options.scale}});
  const auto kept = run(*world, {3, 1}, plan);
  expect_same(*kept, *reference, "3 ranks");
  ASSERT_GE(kept->checkpoints.size(), 2U);
  const auto& [at, parts] = *std::next(kept->checkpoints.begin());
  plan.from = {at, &parts};
  plan.options.checkpoint_every = {};
  expect_same(*run(*world, {2, 1}, plan), *reference, "resumed by 2 ranks");
}

}  // namespace
}  // namespace peakstorm
