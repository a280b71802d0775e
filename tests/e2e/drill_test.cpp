// Goal: what a user meets holds end to end: the loop, the folder it leaves, the exit codes, and what happens
// when somebody or something interrupts it.
// Method: the built program as a child process; nothing is faked but the user.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "bench/signing_key.hpp"
#include "tests/adapters/endpoint/http_client.hpp"
#include "tests/e2e/program.hpp"

namespace peakstorm::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* secret = "a-secret-that-must-not-be-stored";
const std::vector<std::string> with_secret{std::string("PEAKSTORM_WEBHOOK_SECRET=") + secret};

// Tests start where the user stands; relative folders would land in the source tree.
class Drill : public ::testing::Test {
 protected:
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_.path() / name).string(); }
  TemporaryFolder folder_;
};

TEST_F(Drill, OfFirstStepsPassesAndLeavesAFinishedRunFolder) {
  const auto drill =
      run({"drill", "first-steps", "--seconds", "2", "--json", "--out", at("run"), "--junit", at("gates.xml")},
          with_secret);
  ASSERT_EQ(drill.exit_code, 0) << drill.out << drill.err;
  const auto object = drill.json();
  EXPECT_FALSE(object.at("partial").as_bool());
  EXPECT_TRUE(object.at("conservation").at("balanced").as_bool());
  EXPECT_EQ(object.at("findings").at("total").to_number<int>(), 0) << drill.out;
  EXPECT_GT(object.at("replay").at("scans").to_number<int>(), 0);
  EXPECT_EQ(object.at("replay").at("given_up").to_number<int>(), 0);
  EXPECT_EQ(object.at("replay").at("promise_true"), object.at("replay").at("promise_shown"));
  for (const char* file : {"manifest.json", "world.toml", "scans.pb.zst", "acts.pb.zst", "run.sqlite", "report.html"}) {
    EXPECT_TRUE(std::filesystem::exists(folder_.path() / "run" / file)) << file;
  }
  EXPECT_THAT(text_of(at("run/report.html")), HasSubstr("</html>"));
  EXPECT_THAT(text_of(at("gates.xml")), HasSubstr("<testsuite"));
  // The manifest tells the same digest as the program did.
  const auto manifest = boost::json::parse(text_of(at("run/manifest.json")));
  EXPECT_EQ(manifest.at("digest"), object.at("digest"));
  EXPECT_FALSE(manifest.at("partial").as_bool());
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
    if (!entry.is_regular_file()) continue;
    EXPECT_THAT(text_of(entry.path()), Not(HasSubstr(secret))) << entry.path();
  }

  // The folder is enough for the other verbs.
  EXPECT_EQ(run({"gate", at("run"), "--quiet"}).exit_code, 0);
  const auto failed = run({"gate", at("run"), "--require", "parcels == 1", "--junit", at("failed.xml")});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.out, HasSubstr("failed"));
  EXPECT_THAT(text_of(at("failed.xml")), HasSubstr("<failure"));
  EXPECT_EQ(run({"report", at("run"), "--quiet"}).exit_code, 0);
  const auto replay = run({"replay", at("run"), "--seconds", "2", "--format", "cloudevents", "--json"});
  EXPECT_EQ(replay.exit_code, 0) << replay.err;
  EXPECT_EQ(replay.json().at("findings").at("total").to_number<int>(), 0) << replay.out;
}

TEST_F(Drill, InjectsFaultsFindsNothingOnACorrectEndpointAndNamesABug) {
  const std::vector<std::string> common{"drill",       "first-steps", "--seconds", "2",     "--format",
                                        "cloudevents", "--fault",     "all=0.05",  "--json"};
  const auto with = [&](std::vector<std::string> further) {
    std::vector<std::string> all = common;
    all.insert(all.end(), further.begin(), further.end());
    return run(all);
  };
  const auto correct = with({"--out", at("correct")});
  const auto findings = correct.json().at("findings").as_object();
  EXPECT_EQ(findings.at("total").to_number<int>(), 0) << correct.out;
  EXPECT_EQ(findings.at("isolation").to_number<int>(), 0);
  EXPECT_GT(findings.at("injected").at("redelivery").to_number<int>(), 10);
  EXPECT_TRUE(correct.json().at("replay").at("service_ms").at("p99_9").is_double());
  EXPECT_TRUE(correct.json().at("on_time_shown").at("promise").is_double());
  const auto spoiled = with({"--bug", "naive-local-time", "--out", at("spoiled")});
  EXPECT_GT(spoiled.json().at("findings").at("timestamp_fidelity").to_number<int>(), 0) << spoiled.out;
  EXPECT_EQ(spoiled.json().at("findings").at("diagnosis").at(0).at("bug"), "naive-local-time") << spoiled.out;
}

TEST_F(Drill, FollowsChangingRatesAndKeepsTheSearchForTheLimit) {
  const auto drill = run({"drill", "first-steps", "--find-limit", "--rate", "400", "--trial-seconds", "10", "--require",
                          "endpoint.p99 <= 200ms", "--json", "--out", at("run")});
  EXPECT_EQ(drill.exit_code, 1) << drill.err;  // A hundred orders are too few for such trials, which it says.
  const auto limit = drill.json().at("limit").as_object();
  EXPECT_FALSE(limit.at("complete").as_bool());
  EXPECT_THAT(std::string(limit.at("statement").as_string()), HasSubstr("no more messages"));
  EXPECT_EQ(limit.at("gates"), boost::json::array{"endpoint.p99 <= 200ms"});
  EXPECT_EQ(boost::json::parse(text_of(at("run/limit.json"))), limit);
  const auto ramp = run({"replay", at("run"), "--rate", "1000-3000:0.4s,3000", "--json"});
  EXPECT_EQ(ramp.exit_code, 0) << ramp.err;
  EXPECT_EQ(ramp.json().at("replay").at("rates"), "1000-3000:0.4s,3000");
  EXPECT_EQ(run({"replay", at("run"), "--rate", "5-6"}).exit_code, 2);
  EXPECT_EQ(run({"replay", at("run"), "--find-limit", "--speed", "5"}).exit_code, 2);
  EXPECT_EQ(run({"replay", at("run"), "--find-limit", "--rate", "5:1s,6"}).exit_code, 2);
}

// Goal: one simulated run, replayed against several targets, each with a run folder of its own.
TEST_F(Drill, AReplayIsKeptInARunFolderOfItsOwn) {
  ASSERT_EQ(run({"drill", "first-steps", "--seconds", "1", "--quiet", "--out", at("run")}).exit_code, 0);
  const std::string manifest = text_of(at("run/manifest.json"));
  const auto lossy = run({"replay", at("run"), "--seconds", "1", "--format", "cloudevents", "--bug", "naive-local-time",
                          "--json", "--out", at("lossy"), "--require", "findings.timestamp_fidelity == 0"});
  EXPECT_EQ(lossy.exit_code, 1) << lossy.err;
  EXPECT_EQ(std::string(lossy.json().at("run_folder").as_string()), at("lossy"));
  EXPECT_EQ(text_of(at("run/manifest.json")), manifest);
  const auto kept = boost::json::parse(text_of(at("lossy/manifest.json"))).as_object();
  EXPECT_EQ(kept.at("digest"), boost::json::parse(manifest).at("digest"));
  EXPECT_THAT(std::string(kept.at("command_line").as_string()), HasSubstr("naive-local-time"));
  EXPECT_THAT(text_of(at("lossy/report.html")), HasSubstr("naive-local-time"));
  // It is a run like any other: its gates, its report, and a replay of it.
  EXPECT_EQ(run({"gate", at("lossy"), "--quiet", "--require", "findings.timestamp_fidelity == 0"}).exit_code, 1);
  EXPECT_EQ(run({"gate", at("run"), "--quiet", "--require", "findings.timestamp_fidelity == 0"}).exit_code, 0);
  EXPECT_EQ(run({"report", at("lossy"), "--quiet"}).exit_code, 0);
  const auto again = run({"replay", at("lossy"), "--seconds", "1", "--json", "--out", at("again")});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(run({"gate", at("again"), "--quiet", "--require", "findings.timestamp_fidelity == 0"}).exit_code, 0);
  EXPECT_THAT(text_of(at("again/report.html")), Not(HasSubstr("\"bug\":\"naive-local-time\"")));

  const auto refused = run({"replay", at("run"), "--seconds", "1", "--out", at("lossy")});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("not an empty folder"));
  EXPECT_EQ(run({"replay", at("run"), "--find-limit", "--out", at("limit")}).exit_code, 2);
  EXPECT_EQ(run({"replay", at("run"), "--against", "http://127.0.0.1:1", "--out", at("nobody")}, with_secret).exit_code,
            3);
  EXPECT_FALSE(std::filesystem::exists(at("nobody")));
}

TEST_F(Drill, WritesThePublicKeyOfItsSignaturesBeforeAnythingIsSent) {
  std::ofstream(at("key.pem")) << peakstorm::testing::signing_key();
  const auto drill = [&](std::vector<std::string> further) {
    std::vector<std::string> all{"drill", "first-steps", "--seconds", "1", "--against", "http://127.0.0.1:1", "--jwks"};
    all.insert(all.end(), further.begin(), further.end());
    return run(all, with_secret);
  };
  const auto nobody =
      drill({at("jwks.json"), "--format", "shipengine", "--secret-file", at("key.pem"), "--out", at("run")});
  EXPECT_EQ(nobody.exit_code, 3) << nobody.err;
  const auto key = boost::json::parse(text_of(at("jwks.json"))).at("keys").at(0).as_object();
  EXPECT_EQ(key.at("kty"), "RSA");
  EXPECT_FALSE(key.contains("d")) << "the private half";
  const auto no_key_pair = drill({at("none.json"), "--format", "easypost", "--out", at("none")});
  EXPECT_EQ(no_key_pair.exit_code, 2);
  EXPECT_THAT(no_key_pair.err, HasSubstr("--format shipengine"));
  EXPECT_EQ(drill({at("no/such/folder.json"), "--format", "shipengine", "--secret-file", at("key.pem")}).exit_code, 2);
  // Nothing to serve, and a port that is no port.
  const auto not_served = run({"drill", "first-steps", "--jwks-port", "0", "--out", at("none")}, with_secret);
  EXPECT_EQ(not_served.exit_code, 2);
  EXPECT_THAT(not_served.err, HasSubstr("--jwks-port: messages of format easypost"));
  EXPECT_EQ(run({"drill", "first-steps", "--jwks-port", "65536"}, with_secret).exit_code, 2);
}

// Goal: EPCIS documents of several events against the embedded repository, which ends as any other format's drill does.
TEST_F(Drill, CapturesEpcisDocumentsOfSeveralEvents) {
  const auto drill = [&](const char* folder, std::vector<std::string> further) {
    std::vector<std::string> all{"drill", "first-steps", "--seconds", "2", "--json", "--out", at(folder)};
    all.insert(all.end(), further.begin(), further.end());
    return run(all);
  };
  const auto whole = drill("whole", {"--format", "epcis", "--batch", "20", "--batch-wait", "60", "--capture-limit", "8",
                                     "--fault", "all=0.05"});
  ASSERT_EQ(whole.exit_code, 0) << whole.err << whole.out;
  const auto replay = whole.json().at("replay").as_object();
  EXPECT_EQ(whole.json().at("findings").at("total"), 0);
  EXPECT_EQ(replay.at("given_up"), 0);
  EXPECT_GT(replay.at("split").to_number<int>(), 0);
  EXPECT_LT(replay.at("requests").to_number<int>(), replay.at("attempts").to_number<int>());
  EXPECT_GT(replay.at("acknowledged").to_number<int>(), 1000);

  // The job names what it refuses: those are found, and no others.
  const auto refused =
      drill("refused", {"--format", "epcis-proceed", "--batch", "20", "--capture-refuse-ppm", "30000"});
  const auto findings = refused.json().at("findings").as_object();
  EXPECT_GT(findings.at("refused").to_number<int>(), 5);
  EXPECT_EQ(findings.at("refused"), findings.at("no_lost_scan"));
  EXPECT_EQ(findings.at("refused"), refused.json().at("replay").at("given_up"));
  EXPECT_EQ(findings.at("lost"), 0);

  EXPECT_EQ(drill("none", {"--batch", "2"}).exit_code, 2);
  EXPECT_THAT(drill("none", {"--batch", "101", "--format", "cloudevents-batch"}).err, HasSubstr("at most 100 scans"));
  EXPECT_EQ(drill("none", {"--format", "epcis", "--batch", "501"}).exit_code, 2);
}

TEST_F(Drill, PrintsASummaryThatFitsAScreenAndSaysWhereTheReportIs) {
  const auto drill = run({"drill", "first-steps", "--seconds", "1", "--out", at("run")});
  ASSERT_EQ(drill.exit_code, 0) << drill.out << drill.err;
  EXPECT_LE(std::count(drill.out.begin(), drill.out.end(), '\n'), 32) << drill.out;
  EXPECT_THAT(drill.out, HasSubstr("Report: " + at("run/report.html")));
  EXPECT_THAT(drill.out, HasSubstr("promise"));
}

TEST_F(Drill, QuietIsQuiet) {
  const auto drill = run({"drill", "first-steps", "--seconds", "1", "--quiet", "--out", at("run")});
  EXPECT_EQ(drill.exit_code, 0);
  EXPECT_EQ(drill.out, "");
  EXPECT_EQ(drill.err, "");
}

TEST_F(Drill, AgainstAServedEndpointShowsWhatWasSent) {
  Program endpoint({"endpoint", "--port", "0", "--json"}, with_secret);
  const auto listening = boost::json::parse(endpoint.read_line()).as_object();
  const std::string url{listening.at("url").as_string()};
  const auto drill = run(
      {"drill", "first-steps", "--seconds", "2", "--against", url, "--register-promises", "--json", "--out", at("run")},
      with_secret);
  EXPECT_EQ(drill.exit_code, 0) << drill.out << drill.err;
  EXPECT_EQ(drill.json().at("findings").at("total").to_number<int>(), 0);
  endpoint.signal(SIGTERM);
  const auto served = endpoint.wait();
  EXPECT_EQ(served.exit_code, 0) << served.err;
  EXPECT_GT(served.json().at("messages").to_number<int>(), 0);
  EXPECT_EQ(served.json().at("refused").to_number<int>(), 0);
}

TEST_F(Drill, AWrongSecretIsRefusedAndFailsTheGates) {
  Program endpoint({"endpoint", "--port", "0", "--json"}, with_secret);
  const std::string url{boost::json::parse(endpoint.read_line()).at("url").as_string()};
  const auto drill = run({"drill", "first-steps", "--seconds", "1", "--against", url, "--json", "--out", at("run"),
                          "--require", "unacknowledged_scans == 0"},
                         {"PEAKSTORM_WEBHOOK_SECRET=another"});
  EXPECT_EQ(drill.exit_code, 1) << drill.err;
  EXPECT_GT(drill.json().at("findings").at("unacknowledged").to_number<int>(), 0) << drill.out;
}

/// Scans that an endpoint has answered with success so far; none when it says nothing.
std::optional<int> answered_scans(peakstorm::testing::HttpClient& endpoint) {
  const auto metrics = endpoint.exchange("GET", "/metrics");
  if (metrics.status != 200) return std::nullopt;
  const std::string sample = R"(peakstorm_endpoint_requests_total{path="/webhooks/easypost",code="200"} )";
  const std::size_t at = metrics.body.find(sample);
  return at == std::string::npos ? 0 : std::stoi(metrics.body.substr(at + sample.size()));
}

// The endpoint dies while messages are on their way, for good. By then it has answered more of them than there are
// connections, so the drill has had answers, and pages that it cannot read are what is left of the rest.
TEST_F(Drill, AnEndpointKilledInTheMiddleIsReported) {
  Program endpoint({"endpoint", "--port", "0", "--json"}, with_secret);
  const std::string url{boost::json::parse(endpoint.read_line()).at("url").as_string()};
  Program drill({"drill", "first-steps", "--seconds", "4", "--against", url, "--json", "--out", at("run")},
                with_secret);
  peakstorm::testing::HttpClient watch(static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
  constexpr int more_than_connections = 100;
  for (std::optional<int> answered = 0; *answered < more_than_connections;) {
    answered = answered_scans(watch);
    ASSERT_TRUE(answered) << "the endpoint has no metrics";
  }
  endpoint.signal(SIGKILL);
  const auto done = drill.wait();
  EXPECT_TRUE(std::filesystem::exists(at("run/manifest.json")));
  EXPECT_EQ(done.exit_code, 1) << "lost_scans == 0 cannot be judged without a page to read\n" << done.out << done.err;
  const auto object = done.json();
  EXPECT_GT(object.at("replay").at("given_up").to_number<int>() + object.at("replay").at("dropped").to_number<int>(),
            0);
  EXPECT_GT(object.at("replay").at("unread").to_number<int>(), 0) << "parcels whose page could not be read";
  EXPECT_GT(object.at("findings").at("parcel_not_read").to_number<int>(), 0);
}

TEST_F(Drill, InterruptedWhileItReplaysKeepsWhatWasMeasuredAndSaysPartial) {
  std::filesystem::create_directory(at("db"));
  Program endpoint({"endpoint", "--port", "0", "--json", "--database", at("db/tracking.sqlite")}, with_secret);
  const std::string url{boost::json::parse(endpoint.read_line()).at("url").as_string()};
  const FolderWatch database(at("db"));
  Program drill({"drill", "first-steps", "--seconds", "600", "--against", url, "--json", "--out", at("run")},
                with_secret);
  ASSERT_TRUE(database.wait_for("tracking.sqlite")) << "no message reached the endpoint";
  drill.signal(SIGINT);
  const auto done = drill.wait();
  EXPECT_EQ(done.exit_code, 1) << done.err;
  EXPECT_TRUE(done.json().at("partial").as_bool());
  EXPECT_TRUE(boost::json::parse(text_of(at("run/manifest.json"))).at("partial").as_bool());
  EXPECT_EQ(run({"gate", at("run"), "--quiet"}).exit_code, 1) << "a partial run cannot pass";
}

TEST_F(Drill, InterruptedWhileItSimulatesLeavesAFolderThatSaysSo) {
  const FolderWatch runs(folder_.path());
  Program drill({"drill", "christmas-2013", "--scale", "0.02", "--json", "--out", at("run")});
  ASSERT_TRUE(runs.wait_for("run"));
  drill.signal(SIGTERM);
  const auto done = drill.wait();
  EXPECT_EQ(done.exit_code, 1) << done.err;
  EXPECT_TRUE(done.json().at("partial").as_bool());
  EXPECT_TRUE(boost::json::parse(text_of(at("run/manifest.json"))).at("partial").as_bool());
}

// Power loss, kill -9: no manifest, and every verb says that the run is unfinished.
TEST_F(Drill, KilledOutrightLeavesAFolderThatIsNotTakenForARun) {
  const FolderWatch runs(folder_.path());
  Program drill({"drill", "christmas-2013", "--scale", "0.02", "--out", at("run")});
  ASSERT_TRUE(runs.wait_for("run"));
  drill.signal(SIGKILL);
  EXPECT_EQ(drill.wait().exit_code, 128 + SIGKILL);
  EXPECT_FALSE(std::filesystem::exists(at("run/manifest.json")));
  const auto gate = run({"gate", at("run"), "--require", "parcels > 0"});
  EXPECT_EQ(gate.exit_code, 2);
  EXPECT_THAT(gate.err, HasSubstr("manifest"));
}

struct Rejected {
  const char* name;
  std::vector<std::string> arguments;
  int exit_code;
  const char* says;
};

class BadInput : public ::testing::TestWithParam<Rejected> {};

TEST_P(BadInput, IsNamedWithItsCure) {
  const TemporaryFolder folder;
  auto arguments = GetParam().arguments;
  for (auto& argument : arguments) {
    if (argument == "OUT") argument = (folder.path() / "run").string();
  }
  const auto done = run(arguments);
  EXPECT_EQ(done.exit_code, GetParam().exit_code) << done.out << done.err;
  EXPECT_THAT(done.out + done.err, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadInput,
    ::testing::Values(Rejected{"NoVerb", {}, 2, "--help"}, Rejected{"UnknownVerb", {"dril"}, 2, "did you mean drill?"},
                      Rejected{"NothingToCompare", {"compare"}, 2, "name a scenario, or a comparison to go on with"},
                      Rejected{"UnknownFlag", {"simulate", "first-steps", "--sclae", "1"}, 2, "did you mean --scale?"},
                      Rejected{"NoScenario", {"drill"}, 2, "scenario is required"},
                      Rejected{"UnknownScenario", {"check", "frist-steps"}, 2, "first-steps"},
                      Rejected{"ScaleOfZero", {"simulate", "first-steps", "--scale", "0"}, 2, "--scale"},
                      Rejected{"ScaleThatIsNoNumber", {"simulate", "first-steps", "--scale", "nan"}, 2, "--scale"},
                      Rejected{"NegativeSeed", {"simulate", "first-steps", "--seed", "-1"}, 2, "--seed"},
                      Rejected{"UnknownKind", {"simulate", "first-steps", "--without", "strom"}, 2, "storm"},
                      Rejected{"GateThatDoesNotParse",
                               {"drill", "first-steps", "--out", "OUT", "--require", "promis_kept > 1"},
                               2,
                               "promise_kept"},
                      Rejected{"ForeignHost",
                               {"drill", "first-steps", "--out", "OUT", "--against", "http://192.0.2.1"},
                               2,
                               "--allow-host 192.0.2.1"},
                      Rejected{"FtpIsNotSpoken",
                               {"drill", "first-steps", "--out", "OUT", "--against", "ftp://localhost", "--secret-file",
                                PEAKSTORM_SOURCE_DIR "/CMakeLists.txt"},
                               2,
                               "or https"},
                      // Port 1 is reserved and unused; were it used, it would not be by a tracking endpoint.
                      Rejected{"NobodyThere",
                               {"drill", "first-steps", "--out", "OUT", "--against", "http://127.0.0.1:1",
                                "--secret-file", PEAKSTORM_SOURCE_DIR "/CMakeLists.txt"},
                               3,
                               "127.0.0.1:1"},
                      Rejected{"NoRunFolder", {"gate", "/nonexistent"}, 2, "/nonexistent"},
                      Rejected{"ReportOfNothing", {"report", "/nonexistent"}, 2, "/nonexistent"},
                      Rejected{"EndpointWithoutSecret", {"endpoint", "--port", "0"}, 2, "PEAKSTORM_WEBHOOK_SECRET"},
                      Rejected{"Version", {"--version"}, 0, "peakstorm "},
                      Rejected{"Help", {"drill", "--help"}, 0, "--against"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(Drill, ARunFolderIsNeverOverwritten) {
  std::filesystem::create_directory(at("run"));
  std::ofstream(at("run/precious")) << "data";
  const auto drill = run({"drill", "first-steps", "--out", at("run")});
  EXPECT_EQ(drill.exit_code, 2) << drill.err;
  EXPECT_EQ(text_of(at("run/precious")), "data");
}

TEST_F(Drill, ABrokenScenarioIsRejectedWithFileAndLine) {
  ASSERT_EQ(run({"scenarios", "copy", "first-steps", at("mine")}).exit_code, 0);
  ASSERT_EQ(run({"check", at("mine"), "--quiet"}).exit_code, 0);
  std::ofstream(at("mine/coverage.csv"), std::ios::app) << "northline,atlantis,chicago-depot\n";
  const auto check = run({"check", at("mine"), "--json"});
  EXPECT_EQ(check.exit_code, 2);
  EXPECT_FALSE(check.json().at("valid").as_bool());
  EXPECT_GE(check.json().at("faults").as_array().size(), 1U);
  const auto drill = run({"drill", at("mine"), "--out", at("run")});
  EXPECT_EQ(drill.exit_code, 2);
  EXPECT_THAT(drill.err, HasSubstr("mine/coverage.csv:"));
  EXPECT_THAT(drill.err, HasSubstr("atlantis"));
  EXPECT_FALSE(std::filesystem::exists(at("run")));
}

TEST_F(Drill, TheLibraryIsListed) {
  const auto listed = run({"scenarios"});
  EXPECT_EQ(listed.exit_code, 0);
  for (const char* name : {"christmas-2013", "blizzard-memphis", "first-steps"}) {
    EXPECT_THAT(listed.out, HasSubstr(name));
  }
}

}  // namespace
}  // namespace peakstorm::e2e
