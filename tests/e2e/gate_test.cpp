// Goal: a pipeline can trust the gate: it passes what is the same and whole, stops what is not, and says why.
// Method: runs of first-steps through the command line, as they are, with a smaller trailer, cut short, tampered with;
// shell commands of known speed for what is measured; the steps of the pipeline files, run as a runner would.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/e2e/program.hpp"

namespace peakstorm::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

void replace(const fs::path& file, const std::string& from, const std::string& to) {
  std::string text = text_of(file);
  const std::size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << file << ": " << from;
  write(file, text.replace(at, from.size(), to));
}

/// A run of first-steps, one with half the trailer from Chicago to Dallas, and a baseline of the first. Made once.
class Gate : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = new TemporaryFolder;
    for (const char* name : {"same", "changed"}) {
      ASSERT_EQ(run({"scenarios", "copy", "first-steps", at(name) + "/first-steps"}).exit_code, 0);
      replace(at(name) + "/first-steps/scenario.toml", "seconds = 10", "seconds = 1");
    }
    replace(at("changed/first-steps/lanes.csv"), "22:00,daily,15m,10", "22:00,daily,15m,5");
    ASSERT_EQ(run({"simulate", at("same/first-steps"), "--out", at("run"), "--quiet"}).exit_code, 0);
    // Whether it fails the scenario's own gate is not the point.
    ASSERT_LE(run({"simulate", at("changed/first-steps"), "--out", at("other"), "--quiet"}).exit_code, 1);
    const auto accepted = gate("run", {"--baseline", at("baselines"), "--accept"});
    ASSERT_EQ(accepted.exit_code, 0) << accepted.out << accepted.err;
    ASSERT_THAT(accepted.out, HasSubstr("first-steps.json written"));
  }
  static void TearDownTestSuite() {
    delete folder;
    folder = nullptr;
  }

  static std::string at(const std::string& name) { return (*folder / name).string(); }
  /// Only what is asked for: the scenario's own gates want a replay.
  static Finished gate(const std::string& run_folder, std::vector<std::string> more) {
    std::vector<std::string> arguments{"gate", at(run_folder), "--only-required"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  static std::string copy(const std::string& from, const std::string& to) {
    fs::remove_all(at(to));
    fs::copy(at(from), at(to), fs::copy_options::recursive);
    return to;
  }

  static TemporaryFolder* folder;
};
TemporaryFolder* Gate::folder = nullptr;

TEST_F(Gate, TheSameRunPassesItsBaseline) {
  const auto done = gate("run", {"--baseline", at("baselines"), "--json"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  const auto object = done.json();
  EXPECT_TRUE(object.at("passed").as_bool());
  EXPECT_FALSE(object.at("baseline").at("behaviour_changed").as_bool());
  EXPECT_EQ(gate("run", {"--baseline", at("run")}).exit_code, 0);
  EXPECT_EQ(gate("run", {"--baseline", at("baselines/first-steps.json")}).exit_code, 0);
  EXPECT_LT(fs::file_size(at("baselines/first-steps.json")), 30'000U);
}

TEST_F(Gate, AChangeOfBehaviourIsShownWithCarrierFacilityDayAndScan) {
  const auto done = gate("other", {"--baseline", at("baselines")});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.out, AllOf(HasSubstr("failed the simulated world behaves differently: promise_kept 0.95 -> "),
                              HasSubstr("files of the scenario that changed: lanes.csv"),
                              HasSubstr("first hour whose tracked scans differ: 2025-06-"),
                              HasSubstr("  northline: kept"), HasSubstr("  chicago-hub: "), HasSubstr("  2025-06-")));
  const auto by_scan = gate("other", {"--baseline", at("run")});
  EXPECT_EQ(by_scan.exit_code, 1);
  EXPECT_THAT(by_scan.out, AllOf(HasSubstr("first scan that differs, number "), HasSubstr("  was 2025-06-"),
                                 HasSubstr("departed at chicago-hub")));
}

TEST_F(Gate, AcceptRenewsAndSaysWhatChanged) {
  copy("baselines", "renewed");
  const auto done = gate("other", {"--baseline", at("renewed"), "--accept"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.out, AllOf(HasSubstr("promise_kept 0.95 -> "), HasSubstr("first-steps.json renewed")));
  EXPECT_EQ(gate("other", {"--baseline", at("renewed")}).exit_code, 0);
  EXPECT_EQ(gate("run", {"--baseline", at("renewed")}).exit_code, 1);
  // A run that fails its gates is no baseline.
  const auto refused = gate("run", {"--baseline", at("renewed"), "--accept", "--require", "promise_kept >= 0.99"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.out, HasSubstr("not accepted: a gate failed"));
  EXPECT_EQ(gate("other", {"--baseline", at("renewed")}).exit_code, 0);
}

TEST_F(Gate, ABaselineOfSomethingElseIsRefusedByName) {
  copy("baselines", "wrong");
  const std::string file = at("wrong/first-steps.json");
  for (const auto& [from, to, says] : std::vector<std::array<std::string, 3>>{
           {"\"scenario\": \"first-steps\"", "\"scenario\": \"last-steps\"",
            "scenario 'last-steps', the run 'first-steps'"},
           {"\"scale\": 1,", "\"scale\": 0.5,", "scale '0.5', the run '1'"},
           {"\"version\": \"", "\"version\": \"9.", "version '9."},
           {"\"seed\": 1,", "\"seed\": 7,", "seed '7', the run '1'"},
           {"\"peakstorm_baseline\": 1", "\"peakstorm_baseline\": 2", "format 2, this program knows 1"},
           {"\"digest\"", "\"tsegid\"", "'digest' is missing"},
           {"\"measures\": {", "\"measures\": ", "not JSON"}}) {
    copy("baselines", "wrong");
    replace(file, from, to);
    const auto done = gate("run", {"--baseline", at("wrong")});
    EXPECT_EQ(done.exit_code, 2) << from;
    EXPECT_THAT(done.err, AllOf(HasSubstr("first-steps.json: "), HasSubstr(says)));
  }
  const auto none = gate("run", {"--baseline", at("nowhere")});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("write the first with --accept"));
}

TEST_F(Gate, WhatWasChangedOrCutShortNeverPasses) {
  const std::vector<std::string> asked{"--require", "promise_kept >= 0.5", "--baseline", at("baselines")};
  // A byte of the tables.
  copy("run", "bent");
  std::fstream(at("bent/run.sqlite"), std::ios::in | std::ios::out | std::ios::binary).seekp(5000).put('x');
  EXPECT_EQ(gate("bent", asked).exit_code, 2);
  EXPECT_THAT(gate("bent", asked).err, HasSubstr("its checksum differs"));
  // The manifest itself, for which no checksum stands.
  copy("run", "bent");
  replace(at("bent/manifest.json"), "\"seed\":", "\"seed\":1");
  EXPECT_EQ(gate("bent", asked).exit_code, 2);
  EXPECT_THAT(gate("bent", asked).err, HasSubstr("tell different stories"));
  // Torn: no manifest; also as a baseline.
  copy("run", "bent");
  fs::remove(at("bent/manifest.json"));
  EXPECT_EQ(gate("bent", asked).exit_code, 2);
  EXPECT_THAT(gate("run", {"--baseline", at("bent")}).err, HasSubstr("unfinished run"));
}

TEST_F(Gate, UnknownMeasuresAndUnitsGetNearNames) {
  const auto measure = gate("run", {"--require", "promise_kep >= 0.5"});
  EXPECT_EQ(measure.exit_code, 2);
  EXPECT_THAT(measure.err, HasSubstr("did you mean 'promise_kept'"));
  const auto unit = gate("run", {"--require", "endpoint.p99 <= 5mss"});
  EXPECT_EQ(unit.exit_code, 2);
  EXPECT_THAT(unit.err, HasSubstr("'mss' is no unit, did you mean 'ms'"));
}

TEST_F(Gate, AHistoryNamesTheRunThatBroughtAChange) {
  for (const char* which : {"run", "run", "other", "other"}) {
    EXPECT_EQ(
        gate(which, {"--history", at("history.jsonl"), "--label", std::string("of ") + which, "--quiet"}).exit_code, 0);
  }
  const auto shown = run({"gate", "--history", at("history.jsonl")});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, AllOf(HasSubstr("Trends over 4 runs of first-steps"), HasSubstr("promise_kept"),
                               HasSubstr("at run 3 (of other)"), Not(HasSubstr("at run 4"))));
  std::ofstream(at("history.jsonl"), std::ios::app) << "{\"peakstorm_history\": 1";
  EXPECT_EQ(run({"gate", "--history", at("history.jsonl")}).exit_code, 2);
  EXPECT_THAT(gate("run", {"--history", at("history.jsonl")}).err, HasSubstr("ends within a line"));
}

Finished pairs(const std::string& candidate, const std::string& baseline, std::vector<std::string> more) {
  std::vector<std::string> arguments{"gate",    "--measure", candidate,   "--beside", baseline,
                                     "--pairs", "6",         "--confirm", "5"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run(arguments);
}

TEST_F(Gate, MeasuresTwoCommandsInAlternatingPairs) {
  const std::string log = at("order");
  const auto command = [&](const char* who, const char* text) {
    return "printf " + std::string(who) + " >> " + log + "; echo '" + text + "'";
  };
  const std::vector<std::string> figures{"--lower", "p99", "--higher", "run.rate", "--json"};
  const auto same = pairs(command("c", R"({"p99": 10, "run": {"rate": 100}})"),
                          command("b", R"({"p99": 10, "run": {"rate": 100}})"), figures);
  EXPECT_EQ(same.exit_code, 0) << same.out << same.err;
  EXPECT_EQ(text_of(log), "bcbccbbccbbccb") << "one run of each to warm up, then six pairs";
  EXPECT_EQ(same.json().at("pairs").as_int64(), 6);

  const auto slower = pairs(command("c", R"({"p99": 11, "run": {"rate": 100}})"),
                            command("b", R"({"p99": 10, "run": {"rate": 100}})"), figures);
  EXPECT_EQ(slower.exit_code, 1) << slower.err;
  const auto object = slower.json();
  EXPECT_EQ(object.at("pairs").as_int64(), 11) << "a suspect is confirmed on fresh pairs";
  EXPECT_EQ(object.at("figures").at(0).at("verdict"), "worse");
  EXPECT_NEAR(object.at("figures").at(0).at("change").at("estimate").as_double(), 0.1, 1e-9);
  EXPECT_EQ(object.at("figures").at(1).at("verdict"), "no worse");

  const auto fewer =
      pairs("echo '{\"p99\": 10, \"run\": {\"rate\": 80}}'", "echo '{\"p99\": 10, \"run\": {\"rate\": 100}}'", figures);
  EXPECT_EQ(fewer.exit_code, 1);
  EXPECT_EQ(fewer.json().at("figures").at(1).at("verdict"), "worse");
  // Of a multiple of the baseline: 11 is less than 1.5 x 10, and more than 0.5 x 10.
  const auto ratio = [](const char* allowed) {
    return pairs("echo '{\"p99\": 11}'", "echo '{\"p99\": 10}'", {"--lower", "p99", "--ratio", allowed}).exit_code;
  };
  EXPECT_EQ(ratio("1.5"), 0);
  EXPECT_EQ(ratio("0.5"), 1);
}

TEST_F(Gate, ReadsFiguresOfGoogleBenchmark) {
  const std::string json =
      R"({"benchmarks": [{"run_name": "BM_A/size:9", "real_time": 5}, {"run_name": "BM_B", "real_time": 7}]})";
  const auto done = pairs("echo '" + json + "'", "echo '" + json + "'",
                          {"--lower", "BM_B.real_time", "--lower", "real_time", "--json"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.json().at("figures").at(0).at("candidate").to_number<double>(), 7);
  EXPECT_EQ(done.json().at("figures").at(1).at("candidate").to_number<double>(), 5);
}

TEST_F(Gate, CommandsThatFailGiveNoVerdict) {
  const std::string good = "echo '{\"p99\": 10}'";
  const std::vector<std::string> figure{"--lower", "p99"};
  const auto failing = pairs("echo broken >&2; exit 4", good, figure);
  EXPECT_EQ(failing.exit_code, 1);
  EXPECT_THAT(failing.out, AllOf(HasSubstr("the candidate ended with exit code 4"), HasSubstr("broken")));
  EXPECT_EQ(pairs("peakstorm-that-is-not-there", good, figure).exit_code, 2);
  const auto missing = pairs(good, "echo '{\"p50\": 10}'", figure);
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, AllOf(HasSubstr("figure 'p99' is not in"), HasSubstr("p50")));
  EXPECT_EQ(pairs("echo no json", good, figure).exit_code, 2);
  auto patience = figure;
  patience.insert(patience.end(), {"--patience", "0.2"});
  const auto hanging = pairs("sleep 1000", good, patience);
  EXPECT_EQ(hanging.exit_code, 1);
  EXPECT_THAT(hanging.out, HasSubstr("did not end within 0.2 s"));
  // Too noisy for what was asked.
  const std::string n = at("n");
  const auto noisy =
      pairs("n=$(cat " + n + " 2>/dev/null || echo 1); echo $((n * 5 % 17)) > " + n + "; echo \"{\\\"p99\\\": $n}\"",
            good, {"--lower", "p99", "--detect", "10%"});
  EXPECT_EQ(noisy.exit_code, 1) << noisy.out << noisy.err;
}

TEST_F(Gate, CommandLinesThatMakeNoSenseAreRefused) {
  EXPECT_EQ(run({"gate"}).exit_code, 2);
  EXPECT_EQ(run({"gate", "--measure", "true"}).exit_code, 2);
  EXPECT_EQ(gate("run", {"--accept"}).exit_code, 2);
  EXPECT_EQ(gate("run", {"--baseline", at("run"), "--accept"}).exit_code, 2);
  EXPECT_EQ(pairs("true", "true", {"--floor", "much"}).exit_code, 2);
  EXPECT_EQ(pairs("true", "true", {"--false-alarms", "0"}).exit_code, 2);
}

/// The blocks of shell in a pipeline file: what stands indented below "run: |" or "- |".
std::vector<std::string> steps_of(const std::string& file) {
  std::vector<std::string> steps;
  std::istringstream lines(text_of(fs::path(PEAKSTORM_SOURCE_DIR) / "results/gates/pipelines" / file));
  std::size_t depth = std::string::npos;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t indent = line.find_first_not_of(' ');
    if (depth != std::string::npos && (indent == std::string::npos || indent > depth)) {
      steps.back() += line + "\n";
      continue;
    }
    depth = line.ends_with("run: |") || line.ends_with("- |") ? indent : std::string::npos;
    if (depth != std::string::npos) steps.emplace_back();
  }
  return steps;
}

TEST_F(Gate, ThePipelineFilesDoWhatTheySay) {
  for (const char* file : {"github-actions.yml", "gitlab-ci.yml"}) {
    SCOPED_TRACE(file);
    const auto steps = steps_of(file);
    ASSERT_EQ(steps.size(), 2U);
    const TemporaryFolder work;
    fs::create_symlink(PEAKSTORM_PROGRAM, work / "peakstorm");
    const auto step = [&](const std::string& text, const std::string& scenario) {
      return run(Command{{"bash", "-e", "-c", "cd " + work.path().string() + "; PATH=$PWD:$PATH\n" + text}},
                 {"SCENARIO=" + scenario, "BASELINES=" + (work / "baselines").string(),
                  "HISTORY=" + (work / "history.jsonl").string(), "GITHUB_SHA=abc", "CI_COMMIT_SHA=abc",
                  "GITHUB_STEP_SUMMARY=" + (work / "gates.md").string()});
    };
    const auto drilled = step(steps[0], at("same/first-steps"));
    ASSERT_EQ(drilled.exit_code, 0) << drilled.err;
    EXPECT_EQ(step(steps[1], at("same/first-steps")).exit_code, 2) << "there is no baseline yet";
    ASSERT_EQ(run({"gate", (work / "run").string(), "--baseline", (work / "baselines").string(), "--accept"}).exit_code,
              0);
    const auto judged = step(steps[1], at("same/first-steps"));
    EXPECT_EQ(judged.exit_code, 0) << judged.out << judged.err;
    EXPECT_THAT(text_of(work / "gates.md"), HasSubstr("### first-steps: passed"));
    EXPECT_THAT(text_of(work / "gates.prom"), HasSubstr("peakstorm_passed{scenario=\"first-steps\"} 1"));
    EXPECT_THAT(text_of(work / "history.jsonl"), HasSubstr("\"label\": \"abc\""));
    const std::string schema = std::string(PEAKSTORM_SOURCE_DIR) + "/tests/results/junit.xsd";
    EXPECT_EQ(run(Command{{"xmllint", "--noout", "--schema", schema, (work / "gates.xml").string()}}).exit_code, 0);
    // A change that breaks promises stops the release.
    fs::remove_all(work / "run");
    EXPECT_EQ(step(steps[0], at("changed/first-steps")).exit_code, 0);
    const auto stopped = step(steps[1], at("changed/first-steps"));
    EXPECT_EQ(stopped.exit_code, 1);
    EXPECT_THAT(text_of(work / "gates.md"), HasSubstr("### first-steps: not passed"));
    EXPECT_EQ(run(Command{{"xmllint", "--noout", "--schema", schema, (work / "gates.xml").string()}}).exit_code, 0);
    EXPECT_EQ(stopped.err.find("::error ") != std::string::npos, std::string(file).starts_with("github"));
  }
}

}  // namespace
}  // namespace peakstorm::e2e
