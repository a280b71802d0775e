#include "results/report.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "results/reports/script_json.hpp"

namespace peakstorm {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A run folder whose run.sqlite has the real schema and what `sql` adds.
class Folder : public ::testing::Test {
 protected:
  void SetUp() override {
    path = fs::path(::testing::TempDir()) /
           ("report_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(path);
    fs::create_directories(path);
  }
  void TearDown() override { fs::remove_all(path); }

  void database(const std::string& sql) const {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open((path / "run.sqlite").c_str(), &db), SQLITE_OK);
    // The test's file may be lost in a power cut; waiting for the disk after every table would take seconds.
    ASSERT_EQ(sqlite3_exec(db, "PRAGMA synchronous = OFF", nullptr, nullptr, nullptr), SQLITE_OK);
    const std::string schema = content(PEAKSTORM_SOURCE_DIR "/results/store/schema.sql");
    ASSERT_EQ(sqlite3_exec(db, schema.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    ASSERT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
  [[nodiscard]] boost::json::object data(const ReportLimits& limits = {}) const {
    const auto text = report_json(path, limits);
    EXPECT_TRUE(text.has_value()) << (text ? "" : text.error().message);
    return text ? boost::json::parse(*text).as_object() : boost::json::object{};
  }

  fs::path path;
};

using Report = Folder;

TEST_F(Report, OfAnEmptyFolderNamesTheMissingFileAndTheCure) {
  const auto written = write_report(path);
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().kind, ErrorKind::bad_input);
  EXPECT_NE(written.error().message.find("run.sqlite"), std::string::npos);
  EXPECT_NE(written.error().message.find("peakstorm simulate"), std::string::npos);
  EXPECT_FALSE(fs::exists(path / "report.html"));
}

TEST_F(Report, OfAFileThatIsNoDatabaseIsAnErrorNotACrash) {
  std::ofstream(path / "run.sqlite") << "this is no database, but long enough to look like one at first sight";
  const auto written = write_report(path);
  ASSERT_FALSE(written.has_value());
  EXPECT_NE(written.error().message.find("run.sqlite"), std::string::npos);
  EXPECT_FALSE(fs::exists(path / "report.html"));
}

TEST_F(Report, OfADatabaseCutShortIsAnErrorNotACrash) {
  database("INSERT INTO run VALUES ('seed', '1')");
  fs::resize_file(path / "run.sqlite", fs::file_size(path / "run.sqlite") / 3);
  EXPECT_FALSE(write_report(path).has_value());
}

TEST_F(Report, OfAnotherSchemaVersionSaysWhich) {
  database("PRAGMA user_version = 99");
  const auto written = write_report(path);
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().kind, ErrorKind::bad_input);
  EXPECT_NE(written.error().message.find("99"), std::string::npos);
}

TEST_F(Report, OfARunWithoutRowsIsStillWhole) {
  database("");
  ASSERT_TRUE(write_report(path).has_value());
  const std::string html = content(path / "report.html");
  EXPECT_TRUE(html.starts_with("<!doctype html>"));
  EXPECT_EQ(html.find("PEAKSTORM_DATA"), std::string::npos);
  EXPECT_EQ(html.find("http-equiv=\"refresh\""), std::string::npos);
  EXPECT_NE(html.find("default-src 'none'"), std::string::npos) << "the page's policy forbids the network";
  EXPECT_TRUE(html.ends_with("</html>\n"));
}

TEST_F(Report, MadeAgainIsTheSameAndLeavesNothingBeside) {
  database("INSERT INTO run VALUES ('scenario', 'first-steps')");
  fs::create_directories(path / "inputs");
  std::ofstream(path / "inputs" / "scenario.toml") << "[scenario]\n";
  ASSERT_TRUE(write_report(path).has_value());
  const std::string first = content(path / "report.html");
  std::ofstream(path / "manifest.json") << "{}";
  ASSERT_TRUE(write_report(path).has_value());
  EXPECT_EQ(content(path / "report.html"), first) << "sealing the run does not change its report";
  EXPECT_FALSE(fs::exists(path / "report.html.part"));
}

TEST_F(Report, ListsTheInputsWithTheirChecksums) {
  database("");
  fs::create_directories(path / "inputs");
  std::ofstream(path / "inputs" / "lanes.csv") << "abc";
  std::ofstream(path / "inputs" / "demand.csv") << "";
  const auto inputs = data().at("inputs").as_array();
  ASSERT_EQ(inputs.size(), 2U);
  EXPECT_EQ(inputs[0].at("name").as_string(), "demand.csv");
  // XXH3 with 128 bits, as `xxh128sum` prints it.
  EXPECT_EQ(inputs[0].at("xxh128").as_string(), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(inputs[1].at("xxh128").as_string(), "06b05ab6733a618578af5f94892f3950");
}

TEST_F(Report, KeepsDataInsideItsScriptElement) {
  // Goal: no name of a scenario can end the element or open a comment in it. Method: the worst names, and the
  // element's own text back through a JSON parser.
  const std::string evil = "</script><!--<script>&\xe2\x80\xa8\xe2\x80\xa9\"'\\";
  database("INSERT INTO run VALUES ('title', '</script><!--<script>&\xe2\x80\xa8\xe2\x80\xa9\"''\\')");
  ASSERT_TRUE(write_report(path).has_value());
  const std::string html = content(path / "report.html");
  const std::string open = "<script type=\"application/json\" id=\"data\">";
  const std::size_t from = html.find(open) + open.size();
  const std::string inside = html.substr(from, html.find("</script", from) - from);
  EXPECT_EQ(boost::json::parse(inside).at("run").at("title").as_string(), evil);
  EXPECT_EQ(inside.find_first_of("<>&"), std::string::npos);
}

TEST(ForScript, EscapesOnlyWhatEndsAScript) {
  EXPECT_EQ(reports::for_script("{\"a\":[1,-2.5e3,\"x\\n\"]}"), "{\"a\":[1,-2.5e3,\"x\\n\"]}");
  EXPECT_EQ(reports::for_script("\"</b>&\""), "\"\\u003c/b\\u003e\\u0026\"");
  EXPECT_EQ(reports::for_script("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\x9c\xe2\x80"), "\\u2028\\u2029\xe2\x80\x9c\xe2\x80");
}

TEST_F(Report, SpreadsTheBacklogOverTheRunInStepsThatFit) {
  database(
      "INSERT INTO region VALUES (0, 'TX');"
      "INSERT INTO carrier VALUES (0, 'c');"
      "INSERT INTO place VALUES (0, 'small', 'hub', 0, NULL, 0, 'UTC', 30, -97, 0, 0);"
      "INSERT INTO place VALUES (1, 'large', 'hub', 0, NULL, 0, 'UTC', 31, -98, 0, 0);"
      "INSERT INTO place_peak VALUES (0, 5, 0), (1, 50, 3600000);"
      "INSERT INTO place_load VALUES (0, 0, 1, 3, 1, 1, 3, 1, 1), (1, 1, 1, 40, 6, 4, 40, 6, 4), (1, 3, 1, 8, 0, 0, 8, "
      "0, 0);");
  const auto load = data().at("load").as_object();
  EXPECT_EQ(load.at("steps").as_int64(), 4);
  // Places come with the fullest first; hours in which a place was empty are zero.
  EXPECT_EQ(boost::json::serialize(load.at("series").as_array()[0].at("values")), "[0,50,0,8]");
  EXPECT_EQ(boost::json::serialize(load.at("series").as_array()[1].at("values")), "[5,0,0,0]");

  const auto coarse = data({.load_samples = 4}).at("load").as_object();
  EXPECT_EQ(coarse.at("step_ms").as_int64(), 2 * 3'600'000);
  EXPECT_EQ(boost::json::serialize(coarse.at("series").as_array()[0].at("values")), "[25,4]") << "means over two hours";

  const auto one = data({.map_places = 1});
  EXPECT_EQ(one.at("load").at("series").as_array().size(), 1U);
  EXPECT_EQ(one.at("places").as_array().size(), 2U) << "causes may name places that the map leaves out";
}

TEST_F(Report, CountsPromisesOfRetailersAndCommitmentsOfEverybody) {
  database(
      "INSERT INTO carrier VALUES (0, 'c');"
      "INSERT INTO service VALUES (0, 's', 0, 'express', 'air', 630);"
      "INSERT INTO on_time_due VALUES (3, 0, 'retailer', 'promise', 10, 2, 0), (3, 0, 'retailer', 'commit', 11, 1, 0),"
      "  (3, 0, 'background', 'commit', 90, 7, 0);");
  const auto all = data();
  const auto promise = all.at("promises_by_day").as_array()[0];
  EXPECT_EQ(promise.at("kept").as_int64(), 10);
  EXPECT_EQ(promise.at("broken").as_int64(), 2);
  const auto commit = all.at("commits_by_day").as_array()[0];
  EXPECT_EQ(commit.at("kept").as_int64(), 101);
  EXPECT_EQ(commit.at("broken").as_int64(), 8);
}

// Goal: an older run still has its report. Method: the schema without what came with the oracles.
TEST_F(Report, OfARunFromBeforeTheOraclesLeavesThemOutAndSaysSo) {
  database(
      "INSERT INTO replay VALUES ('target', 'http://127.0.0.1:1');"
      "INSERT INTO finding VALUES ('lost', 'scan', 1, 1);"
      "DROP VIEW oracle_no_lost_scan; DROP VIEW oracle_no_phantom; DROP VIEW oracle_final_status;"
      "DROP VIEW oracle_prefix_consistency; DROP VIEW oracle_visibility_latency; DROP VIEW oracle_timestamp_fidelity;"
      "DROP VIEW oracle_promise_shown; DROP VIEW oracle_isolation; DROP VIEW oracle_liveness;"
      "DROP TABLE oracle; DROP TABLE injected; DROP TABLE visibility; DROP TABLE eta_error; DROP TABLE outage;"
      "DROP TABLE diagnosis; DROP TABLE finding_example;"
      "CREATE TABLE finding_example (kind TEXT NOT NULL, parcel_id INTEGER NOT NULL, sequence INTEGER,"
      "  detail TEXT NOT NULL, truth TEXT NOT NULL, shown TEXT NOT NULL);"
      "INSERT INTO finding_example VALUES ('lost', 7, 1, 'not shown', 'a truth', 'a page');");
  const auto replay = data().at("replay").as_object();
  EXPECT_EQ(replay.at("findings").as_array().size(), 1U);
  EXPECT_EQ(replay.at("examples").at(0).at("truth").as_string(), "a truth");
  for (const char* section : {"oracles", "injected", "visibility", "eta", "outages", "diagnosis"}) {
    EXPECT_TRUE(replay.at(section).as_array().empty()) << section;
  }
  EXPECT_NE(replay.at("older").as_string().find("left out: the oracles, what was injected"), std::string::npos)
      << replay.at("older");
  EXPECT_TRUE(write_report(path).has_value());
}

TEST_F(Report, OfARunOfTodayLeavesNothingOut) {
  database("INSERT INTO replay VALUES ('target', 'http://127.0.0.1:1');");
  EXPECT_FALSE(data().at("replay").as_object().contains("older"));
}

TEST_F(Report, NamesWhoSentWhenTheyWereSeveral) {
  database(
      "INSERT INTO replay VALUES ('target', 'x'), ('hosts', '1'), ('stored_messages', '9');"
      "INSERT INTO replay_sender VALUES (0, 'a', 5, 1, 6, 0, 0.5, 0, 0, 0), (1, 'a', 7, 0, 7, 0, 0.5, 12.5, 3, -1);");
  const auto replay = data().at("replay").as_object();
  EXPECT_EQ(replay.at("hosts").as_string(), "1");
  EXPECT_EQ(replay.at("stored_messages").as_string(), "9");
  ASSERT_EQ(replay.at("senders").as_array().size(), 2U);
  EXPECT_EQ(replay.at("senders").at(1).at("clock_offset_us").as_double(), 12.5);
}

TEST_F(Report, KeepsTheWorstSecondOfAStall) {
  // Goal: gathering seconds into few points may not average a stall away.
  std::string sql = "INSERT INTO replay VALUES ('target', 'x');";
  for (int second = 0; second < 100; ++second)
    sql += "INSERT INTO replay_second VALUES (" + std::to_string(second) + ", 'scan', 10, 10, 10, 0, 0, 0, 1, " +
           (second == 57 ? "900" : "2") + ", 5);";
  database(sql);
  const auto replay = data({.replay_points = 10}).at("replay").as_object();
  const auto& points = replay.at("seconds").as_array();
  ASSERT_EQ(points.size(), 10U);
  EXPECT_EQ(points[5].at("p99").as_double(), 900);
  EXPECT_EQ(points[5].at("intended").as_int64(), 100);
}

}  // namespace
}  // namespace peakstorm
