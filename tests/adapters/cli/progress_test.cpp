#include "adapters/cli/progress.hpp"

#include <gtest/gtest.h>

#include <string>

#include "adapters/cli/text.hpp"

namespace peakstorm::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Screen {
  Progress::Clock::time_point now{};
  std::string text;
  int writes = 0;
  Progress::Write write = [this](std::string_view piece) {
    text += piece;
    ++writes;
  };
  Progress::Now clock = [this] { return now; };
};

TEST(Progress, OnATerminalRepaintsAtMostOnceASecond) {
  Screen screen;
  Progress progress("simulate", "scans", ProgressStyle::bar, screen.write, screen.clock);
  for (int i = 1; i <= 30; ++i) {
    screen.now += milliseconds(100);
    progress.update(i / 60.0, static_cast<std::uint64_t>(i) * 1000);
  }
  EXPECT_EQ(screen.writes, 3);
  EXPECT_EQ(screen.text.substr(screen.text.rfind('\r')),
            "\r\x1b[Ksimulate  [############............]  50 %  30.0 k scans  10.0 k/s  0:03 left");
}

TEST(Progress, ElsewhereWritesAPlainLineEveryFiveSeconds) {
  Screen screen;
  Progress progress("replay", "requests", ProgressStyle::lines, screen.write, screen.clock);
  for (int i = 1; i <= 11; ++i) {
    screen.now += seconds(1);
    progress.update(i / 100.0, static_cast<std::uint64_t>(i) * 100);
  }
  progress.finish(1100);
  EXPECT_EQ(screen.text,
            "replay      5 %  500 requests  100/s  1:35 left\n"
            "replay     10 %  1.00 k requests  100/s  1:30 left\n"
            "replay    1,100 requests in 11.0 s, 100/s\n");
}

TEST(Progress, QuietWritesNothing) {
  Screen screen;
  Progress progress("simulate", "scans", ProgressStyle::none, screen.write, screen.clock);
  screen.now += seconds(60);
  progress.update(0.5, 1);
  progress.finish(2);
  EXPECT_EQ(screen.writes, 0);
}

TEST(Progress, ABarThatDidNotFinishIsWipedAway) {
  Screen screen;
  {
    Progress progress("simulate", "scans", ProgressStyle::bar, screen.write, screen.clock);
    screen.now += seconds(2);
    progress.update(0, 0);
  }
  EXPECT_TRUE(screen.text.ends_with("\r\x1b[K")) << screen.text;
  EXPECT_NE(screen.text.find("-:-- left"), std::string::npos) << screen.text;
}

TEST(Text, ShowsThreeDigitsThatMatter) {
  EXPECT_EQ(short_count(0), "0");
  EXPECT_EQ(short_count(999), "999");
  EXPECT_EQ(short_count(999.6), "1.00 k");
  EXPECT_EQ(short_count(12'345), "12.3 k");
  EXPECT_EQ(short_count(999'600), "1.00 M");
  EXPECT_EQ(short_count(4.56e6), "4.56 M");
  EXPECT_EQ(full_count(0), "0");
  EXPECT_EQ(full_count(999), "999");
  EXPECT_EQ(full_count(1'000), "1,000");
  EXPECT_EQ(full_count(1'234'567), "1,234,567");
  EXPECT_EQ(clock_text(seconds(3'599)), "59:59");
  EXPECT_EQ(clock_text(seconds(3'600)), "1:00:00");
  EXPECT_EQ(latency_text(std::chrono::microseconds(850)), "850 us");
  EXPECT_EQ(latency_text(std::chrono::microseconds(12'340)), "12.3 ms");
  EXPECT_EQ(latency_text(std::chrono::milliseconds(4'200)), "4.20 s");
  EXPECT_EQ(plural(1, "facility"), "1 facility");
  EXPECT_EQ(plural(2, "facility"), "2 facilities");
  EXPECT_EQ(plural(3, "delay"), "3 delays");
}

TEST(Text, ARateIsNeverRoundedToCertainty) {
  EXPECT_EQ(percent(1), "100.00 %");
  EXPECT_EQ(percent(0.999999), "> 99.99 %");
  EXPECT_EQ(percent(0.9342), "93.42 %");
  EXPECT_EQ(percent(0.00001), "< 0.01 %");
  EXPECT_EQ(percent(0), "0.00 %");
}

}  // namespace
}  // namespace peakstorm::cli
