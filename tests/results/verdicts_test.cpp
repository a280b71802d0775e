// Goal: what pipelines read is what they expect, whatever stands in names and messages.
// Method: one list of checks with every verdict and every character that has a meaning somewhere, in all four
// spellings; the XML is held against junit.xsd by xmllint.
#include "results/verdicts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>
#include <sstream>

#include "tests/temporary_folder.hpp"

namespace peakstorm {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<Check> checks() {
  return {{"gate", "promise_kept >= 0.9", GateVerdict::passed, "promise_kept is 0.95, required >= 0.9", "",
           "a,b:c.toml", 7},
          {"gate", "lost_scans < 1", GateVerdict::failed, "lost_scans is 4, required < 1", "", "world.toml", 9},
          {"baseline", "a | \"b\" & <c>\\", GateVerdict::failed, "100 % moved", "Memphis\n\x01 | ups", "", 0},
          {"pairs", "cpu", GateVerdict::error, "no value", "", "--figure", 0}};
}

void expect_valid(const std::string& xml) {
  const testing::TemporaryFolder folder;
  const std::string file = folder.file("gates.xml", xml);
  const std::string command = "xmllint --noout --schema " PEAKSTORM_SOURCE_DIR "/tests/results/junit.xsd " + file +
                              " 2> " + (folder / "log").string();
  EXPECT_EQ(std::system(command.c_str()), 0) << std::ifstream(folder / "log").rdbuf() << xml;
}

TEST(Junit, FollowsItsSchemaAndCounts) {
  const std::string xml = junit_xml(checks(), "christmas & \"more\"");
  expect_valid(xml);
  EXPECT_THAT(xml, HasSubstr("tests=\"4\" failures=\"2\" errors=\"1\""));
  EXPECT_THAT(xml, HasSubstr("name=\"lost_scans &lt; 1\""));
  EXPECT_THAT(xml, HasSubstr("christmas &amp; &quot;more&quot;.gate"));
  EXPECT_THAT(xml, HasSubstr("<failure message=\"lost_scans is 4, required &lt; 1\">"));
  EXPECT_THAT(xml, HasSubstr("Memphis\n? | ups</failure>"));
  EXPECT_THAT(xml, HasSubstr("<error message=\"no value\">"));
  expect_valid(junit_xml({}, "nothing"));
}

TEST(Junit, TheSchemaIsNoRubberStamp) {
  const testing::TemporaryFolder folder;
  std::string xml = junit_xml(checks(), "suite");
  xml.replace(xml.find("failures="), 9, "failed=\"\"");
  const std::string file = folder.file("gates.xml", xml);
  EXPECT_NE(std::system(
                ("xmllint --noout --schema " PEAKSTORM_SOURCE_DIR "/tests/results/junit.xsd " + file + " 2> /dev/null")
                    .c_str()),
            0);
}

TEST(Markdown, PutsTheWorstFirst) {
  const std::string text = markdown_summary(checks(), "Christmas");
  EXPECT_THAT(text, StartsWith("### Christmas: not passed\n\n1 passed, 2 failed, 1 without a verdict\n"));
  EXPECT_LT(text.find("lost_scans"), text.find("promise_kept"));
  // A row has four cells, whatever stands in them.
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('|')) continue;
    const std::string bare = std::regex_replace(line, std::regex(R"(\\\|)"), "");
    EXPECT_EQ(std::count(bare.begin(), bare.end(), '|'), 5) << line;
  }
  EXPECT_THAT(text, HasSubstr("a \\| &quot;b&quot; &amp; &lt;c&gt;"));
  EXPECT_THAT(text, HasSubstr("<pre>\nMemphis\n? | ups\n</pre>"));
  EXPECT_THAT(markdown_summary({}, "Christmas"), StartsWith("### Christmas: passed"));
}

TEST(GithubAnnotations, AreOneLineEachAndLandOnTheGate) {
  const std::string text = github_annotations(checks(), "Christmas");
  EXPECT_EQ(text,
            "::error file=world.toml,line=9,title=Christmas%3A gate failed::lost_scans is 4, required < 1\n"
            "::error title=Christmas%3A baseline failed::100 %25 moved%0AMemphis%0A\x01 | ups\n"
            "::error title=Christmas%3A pairs error::no value\n");
  EXPECT_EQ(github_annotations({}, "Christmas"), "::notice title=Christmas::0 checks passed\n");
}

TEST(OpenMetrics, IsTextThatAScraperReads) {
  const MeasureMap measures{{"promise_kept", {0.95, Unit::share, {}, {}}},
                            {"endpoint.p99", {12.5, Unit::ms, {}, {}}},
                            {"findings", {std::nullopt, Unit::count, {}, {}}}};
  std::vector<Check> twice = checks();
  twice.push_back(twice.front());
  const std::string text = openmetrics_text(measures, twice, {{"scenario", "two\n\"towns\""}});
  EXPECT_THAT(
      text,
      HasSubstr("\npeakstorm_measure{scenario=\"two\\n\\\"towns\\\"\",name=\"promise_kept\",unit=\"share\"} 0.95\n"));
  EXPECT_THAT(text, Not(HasSubstr("findings")));
  EXPECT_THAT(text, HasSubstr("\npeakstorm_passed{scenario=\"two\\n\\\"towns\\\"\"} 0\n"));
  EXPECT_THAT(text, EndsWith("\n# EOF\n"));
  // The grammar of OpenMetrics 1.0, as far as gauges go; each sample once, behind its family's type.
  const std::regex meta(R"(# (TYPE [a-z_]+ gauge|HELP [a-z_]+ .+|EOF))");
  const std::regex sample(R"re(([a-z_]+)(\{([a-z_]+="([^"\\]|\\["\\n])*",?)+\})? -?[0-9.e+-]+)re");
  std::vector<std::string> seen;
  std::string family;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (line.starts_with("# TYPE ")) family = line.substr(7, line.find(' ', 7) - 7);
    if (line.starts_with('#')) {
      EXPECT_TRUE(std::regex_match(line, meta)) << line;
    } else {
      ASSERT_TRUE(std::regex_match(line, found, sample)) << line;
      EXPECT_EQ(found[1], family);
      const std::string name = line.substr(0, line.rfind(' '));
      EXPECT_THAT(seen, Not(::testing::Contains(name)));
      seen.push_back(name);
    }
  }
  EXPECT_EQ(seen.size(), 2U + 4U + 1U);
}

TEST(Checks, NoneIsPassedAndAnErrorIsNot) {
  EXPECT_TRUE(all_passed(std::vector<Check>{}));
  EXPECT_FALSE(all_passed(checks()));
  EXPECT_FALSE(all_passed(std::vector<Check>{checks().back()}));
  EXPECT_TRUE(all_passed(std::vector<Check>{checks().front()}));
}

}  // namespace
}  // namespace peakstorm
