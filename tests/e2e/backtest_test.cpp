// Goal: `peakstorm backtest` as a planner runs it: its fields, its refusals, and, where the real orders are at hand,
// the errors that are promised of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <boost/json.hpp>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "tests/e2e/program.hpp"

namespace peakstorm::e2e {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// Real orders, beside the source tree; not part of the product.
fs::path olist(const char* file) {
  return fs::path(PEAKSTORM_SOURCE_DIR).parent_path() / "shared/data/olist" / file;
}
fs::path scms() {
  return fs::path(PEAKSTORM_SOURCE_DIR).parent_path() / "shared/data/scms/delivery_history.csv";
}

double number(const boost::json::value& value) {
  return value.to_number<double>();
}

/// Forty orders a day from 1 January 2017 for `days` days, one in ten late; the last rows are bad on purpose.
fs::path small_history(const fs::path& folder, int days) {
  std::ofstream out(folder / "orders.csv");
  out << "id,placed,promised,came\n";
  const auto date = [](int day) {
    using namespace std::chrono;
    const year_month_day civil{sys_days{2017y / January / 1} + std::chrono::days{day}};
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", int{civil.year()}, unsigned{civil.month()},
                  unsigned{civil.day()});
    return std::string(text.data());
  };
  for (int i = 0; i < days * 40; ++i) {
    const int day = i / 40;
    const int took = i % 10 == 0 ? 13 : 3 + i % 7;
    out << i << ',' << date(day) << ',' << date(day + 10) << ',' << date(day + took) << '\n';
  }
  out << "0,2017-01-01,2017-01-11,2017-01-04\n";
  out << "x,2017-02-31,2017-03-11,2017-03-04\n";
  return folder / "orders.csv";
}
fs::path small_map(const fs::path& folder) {
  std::ofstream(folder / "map.toml") << "[columns]\norder = \"id\"\nplaced = \"placed\"\npromised = \"promised\"\n"
                                        "delivered = \"came\"\n";
  return folder / "map.toml";
}

TEST(Backtest, SaysHowManyRowsItUsedAndWhatCameOfThem) {
  const TemporaryFolder folder;
  const auto page = folder.path() / "page.html";
  const auto finished =
      run({"backtest", small_history(folder.path(), 200).string(), "--map", small_map(folder.path()).string(),
           "--fit-until", "2017-06-01", "--json", "--page", page.string()});
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  const auto json = finished.json();
  EXPECT_EQ(number(json.at("rows_read")), 8'002);
  const auto& aside = json.at("rows_set_aside").as_object();
  EXPECT_EQ(number(aside.at("a second row of the same order")), 1);
  EXPECT_EQ(number(aside.at("impossible date: placed")), 1);
  double all = number(json.at("rows_used"));
  for (const auto& [reason, rows] : aside) all += number(rows);
  EXPECT_EQ(all, number(json.at("rows_read"))) << "rows are neither used nor set aside";
  EXPECT_LT(number(json.at("mae_points")), 3);
  EXPECT_LT(number(json.at("ks")), 0.1);
  ASSERT_FALSE(json.at("by_month").as_array().empty());
  for (const char* field : {"predicted", "actual", "n"})
    EXPECT_TRUE(json.at("by_month").at(0).as_object().contains(field));
  EXPECT_EQ(json.at("baselines").as_array().size(), 3U);
  EXPECT_TRUE(json.at("coverage").as_object().contains("delivery_day"));
  EXPECT_THAT(text_of(page), HasSubstr("What was fitted, what was predicted, and the error of each"));
}

TEST(Backtest, RefusesWhatItCannotAnswer) {
  const TemporaryFolder folder;
  const auto history = small_history(folder.path(), 60).string();
  const auto map = small_map(folder.path()).string();
  struct Case {
    std::vector<std::string> arguments;
    const char* says;
  };
  const Case cases[] = {
      {{history, "--map", map}, "one question at a time"},
      {{history, "--map", map, "--fit-until", "2017-02-30"}, "--fit-until: '2017-02-30' is no date"},
      {{history, "--map", map, "--fit-until", "2017-01-02"}, "fewer than 100 deliveries are known"},
      {{history, "--map", map, "--fit-until", "2019-01-01"}, "no order with a known outcome was placed"},
      {{history, "--map", map, "--rolling", "year"}, "year"},
      {{history, "--map", map, "--predict", history}, "--predict and --out go together"},
      {{history, "--map", "olist", "--split", "sellers"}, "orders.csv:1: order_id: the header has no such column"},
      {{"nowhere.csv", "--map", map, "--split", "sellers"}, "nowhere.csv: the file is missing"},
      {{history, "--map", "nomap", "--split", "sellers"}, "no ready map 'nomap'"}};
  for (const Case& one : cases) {
    auto arguments = one.arguments;
    arguments.insert(arguments.begin(), "backtest");
    const auto finished = run(arguments);
    EXPECT_EQ(finished.exit_code, 2) << one.says;
    EXPECT_THAT(finished.err, HasSubstr(one.says));
  }
}

TEST(Backtest, PredictsOrdersWithoutOutcomesTheSameTwice) {
  const TemporaryFolder folder;
  const auto history = small_history(folder.path(), 100).string();
  const auto map = small_map(folder.path()).string();
  std::ofstream(folder.path() / "new.csv")
      << "id,placed,promised\nn1,2017-05-01,2017-05-11\n\"n,2\",2017-05-02,2017-05-04\n";
  std::string first;
  for (const char* name : {"one.csv", "two.csv"}) {
    const auto out = (folder.path() / name).string();
    const auto finished =
        run({"backtest", history, "--map", map, "--predict", (folder.path() / "new.csv").string(), "--out", out});
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
    if (first.empty()) first = text_of(out);
    EXPECT_EQ(text_of(out), first);
  }
  EXPECT_THAT(first, HasSubstr("order_id,probability_late,"));
  EXPECT_THAT(first, HasSubstr("\nn1,0."));
  EXPECT_THAT(first, HasSubstr("\n\"n,2\",0."));
}

// Bars are those set before the model was made, where it reaches them. scenarios/history/README.md has all figures.
TEST(Backtest, StructureOfTheRealOrders) {
  if (!fs::exists(olist("olist_orders_dev.csv"))) GTEST_SKIP() << "the real orders are not here";
  const auto finished = run({"backtest", olist("olist_orders_dev.csv").string(), "--split", "sellers", "--json"});
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  const auto json = finished.json();
  EXPECT_LE(number(json.at("mae_points")), 1.0);
  EXPECT_NEAR(number(json.at("noise_floor_points")), 0.73, 0.05);
  EXPECT_GT(number(json.at("calibration").at("fortnight_spread")), 0.1);
  // The two legs, of the orders whose hand-over is known.
  const auto& stages = json.at("stages").as_array();
  ASSERT_EQ(stages.size(), 2U);
  for (const auto& stage : stages) {
    EXPECT_GT(number(stage.at("orders_scored")), 5'000);
    EXPECT_LE(number(stage.at("ks")), 0.05);
    EXPECT_GE(number(stage.at("coverage").at(1).at("actual")), 0.8);
  }
  EXPECT_EQ(stages.at(0).at("name").as_string(), "handling");
  EXPECT_EQ(stages.at(1).at("name").as_string(), "transit");
  EXPECT_LE(number(json.at("mae_points_by_region")), 2.0);
  EXPECT_LE(number(json.at("ks")), 0.05);
  EXPECT_LE(number(json.at("reliability_gap_points")), 2.0);
}

TEST(Backtest, ForecastOfTheRealOrders) {
  if (!fs::exists(olist("olist_orders_dev.csv"))) GTEST_SKIP() << "the real orders are not here";
  const auto finished = run({"backtest", olist("olist_orders_dev.csv").string(), "--rolling", "month", "--apart",
                             "2017-11,2018-02", "--json"});
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  const auto json = finished.json();
  EXPECT_EQ(json.at("by_month").at(0).at("month").as_string(), "2017-04");
  double best = 100;
  for (const auto& baseline : json.at("baselines").as_array()) best = std::min(best, number(baseline.at("mae_points")));
  EXPECT_LE(number(json.at("mae_points")), 0.9 * best);
  const auto& rate = json.at("coverage").at("rate");
  EXPECT_GE(number(rate.at("covered")), 0.75 * number(rate.at("windows")));
}

TEST(Backtest, PredictsEveryOrderOfTheMonthsOfTheStrike) {
  if (!fs::exists(olist("olist_orders_dev.csv"))) GTEST_SKIP() << "the real orders are not here";
  const TemporaryFolder folder;
  const auto out = (folder.path() / "predictions.csv").string();
  const auto finished = run({"backtest", olist("olist_orders_dev.csv").string(), "--predict",
                             olist("olist_orders_holdout_inputs_only.csv").string(), "--out", out, "--shock",
                             "brazil-strike-2018", "--json"});
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(number(finished.json().at("predicted")), 12'154);
  std::ifstream in(out);
  std::string line;
  std::getline(in, line);
  std::set<std::string> ids;
  while (std::getline(in, line)) {
    std::istringstream cells(line);
    std::string id, late;
    std::getline(cells, id, ',');
    std::getline(cells, late, ',');
    const double probability = std::stod(late);
    ASSERT_TRUE(std::isfinite(probability) && probability >= 0 && probability <= 1) << line;
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 12'154U);
}

TEST(Backtest, ReadsTheOtherRealHistory) {
  if (!fs::exists(scms())) GTEST_SKIP() << "the real shipments are not here";
  const auto finished = run({"backtest", scms().string(), "--map", "scms", "--split", "sellers", "--json"});
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_GT(number(finished.json().at("rows_used")), 3'000);
}

}  // namespace
}  // namespace peakstorm::e2e
