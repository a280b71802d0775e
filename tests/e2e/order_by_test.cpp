// Goal: `peakstorm order-by` as a planner uses it: the dates and what they rest on, in words, JSON and CSV, the same
// for any number of threads; and what it says of mistakes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>

#include "tests/e2e/program.hpp"

namespace peakstorm::e2e {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;

constexpr const char* deadline = "2025-06-09";

class OrderBy : public ::testing::Test {
 protected:
  [[nodiscard]] static Finished order_by(std::vector<std::string> more) {
    std::vector<std::string> words{"order-by", "first-steps"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  TemporaryFolder folder_;
};

TEST_F(OrderBy, PrintsTheLastSafeDayAndWhyItIsTheLast) {
  const std::vector<std::string> question{"--deadline", deadline, "--kept", "80", "--replications", "6"};
  auto words = question;
  words.insert(words.end(), {"--json", "--threads", "1", "--out", path("days.csv")});
  const Finished done = order_by(words);
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const json::object object = done.json();
  EXPECT_EQ(object.at("deadline"), deadline);
  EXPECT_EQ(object.at("seasons"), 6);
  ASSERT_FALSE(object.at("rows").as_array().empty());
  std::size_t safe = 0;
  for (const json::value& row : object.at("rows").as_array()) {
    if (!row.at("last_safe").is_null()) {
      ++safe;
      EXPECT_EQ(row.at("order_by"), row.at("last_safe").at("date"));
      EXPECT_LE(std::string(row.at("order_by").as_string()), deadline);
      EXPECT_GE(row.at("last_safe").at("low").to_number<double>(), 0.8);
      EXPECT_LE(row.at("last_safe").at("low").to_number<double>(), row.at("last_safe").at("share").to_number<double>());
    }
    if (!row.at("next").is_null()) {
      EXPECT_LT(row.at("next").at("low").to_number<double>(), 0.8);
    }
  }
  EXPECT_GE(safe, 1U);
  const std::string csv = text_of(path("days.csv"));
  EXPECT_THAT(csv, HasSubstr("tier,region,orders,order_by,share,low,worst_season,next,next_share,next_low\n"));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'),
            static_cast<std::ptrdiff_t>(object.at("rows").as_array().size()) + 1);

  words = question;
  words.insert(words.end(), {"--json", "--threads", "2"});
  EXPECT_EQ(order_by(words).out, done.out);
  const Finished text = order_by(question);
  EXPECT_THAT(text.out, HasSubstr("with at least 80 % probability at 95 % confidence"));
  EXPECT_THAT(text.out, HasSubstr("everywhere"));
}

TEST_F(OrderBy, AsksAPolicyOfAFile) {
  std::ofstream(path("p.toml")) << "[[policy]]\nname = \"slow\"\n[[policy.shipper]]\nname = \"lakeside-books\"\n"
                                   "cancelled = 0.5\n";
  const std::vector<std::string> question{"--deadline", deadline, "--replications", "2", "--json"};
  auto words = question;
  words.insert(words.end(), {"--policies", path("p.toml"), "--policy", "slow"});
  const Finished done = order_by(words);
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.json().at("policy"), "slow");
  const auto orders = [](const Finished& of) {
    return of.json().at("rows").as_array()[0].at("orders").to_number<int>();
  };
  EXPECT_LT(orders(done), orders(order_by(question)) * 3 / 4);  // Half of them were cancelled.
}

TEST_F(OrderBy, RefusesWhatItCannotDo) {
  const auto refused = [](const Finished& done, const std::string& message) {
    EXPECT_EQ(done.exit_code, 2) << done.out;
    EXPECT_THAT(done.err, HasSubstr(message));
  };
  refused(order_by({"--deadline", "tomorrow"}), "--deadline: 'tomorrow' is no date; write 2018-03-01");
  refused(order_by({"--deadline", "2031-01-01"}), "is not on the days of the scenario; measured orders and the end");
  refused(order_by({"--replications", "1"}), "--replications");
  refused(order_by({"--policy", "slow"}), "go together");
  std::ofstream(path("p.toml")) << "[[policy]]\nname = \"slow\"\n[policy.shopper]\nnotices = false\n";
  refused(order_by({"--policies", path("p.toml"), "--policy", "slwo"}), "did you mean slow?");
}

}  // namespace
}  // namespace peakstorm::e2e
