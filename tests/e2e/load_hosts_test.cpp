// Goal: ranks that send one replay together do what one process does: everything once, in one run folder, with the same
// findings; and they end together.
// Method: real mpirun over loopback, against an endpoint in a process of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <map>
#include <memory>

#include "tests/e2e/mpirun.hpp"
#include "tests/e2e/program.hpp"

namespace peakstorm::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::vector<std::string> with_secret{"PEAKSTORM_WEBHOOK_SECRET=a-secret-of-this-test"};

class Endpoint {
 public:
  explicit Endpoint(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{"endpoint", "--port", "0", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    program_ = std::make_unique<Program>(words, with_secret);
    url_ = boost::json::parse(program_->read_line()).at("url").as_string();
  }
  [[nodiscard]] const std::string& url() const { return url_; }
  /// Ends it; what it has served.
  boost::json::object served() {
    program_->signal(SIGTERM);
    return program_->wait().json();
  }

 private:
  std::unique_ptr<Program> program_;
  std::string url_;
};

class LoadHosts : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v mpirun >/dev/null") != 0) GTEST_SKIP() << "there is no mpirun here";
    const auto simulated = run({"simulate", "first-steps", "--out", at("run"), "--quiet"});
    ASSERT_EQ(simulated.exit_code, 0) << simulated.err;
  }
  [[nodiscard]] std::string at(const std::string& name) const { return (home_.path() / name).string(); }

  [[nodiscard]] std::vector<std::string> replay(const Endpoint& endpoint, const std::vector<std::string>& more) const {
    std::vector<std::string> words{
        "replay",  at("run"),      "--against", endpoint.url(), "--register-promises", "--json",
        "--quiet", "--fault-seed", "3"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  TemporaryFolder home_;
};

/// Counts by what was asked and answered. Whether a shopper's check finds the page of a parcel whose first scan left in
/// the same instant is chance: checks count whatever the status.
std::map<std::string, std::int64_t> answers(const boost::json::object& replay) {
  std::map<std::string, std::int64_t> counts;
  for (const auto& one : replay.at("answers").as_array()) {
    boost::json::object answer = one.as_object();
    const auto count = answer.at("count").to_number<std::int64_t>();
    answer.erase("count");
    if (answer.at("kind") == "check") answer.erase("status");
    counts[boost::json::serialize(answer)] += count;
  }
  return counts;
}

TEST_F(LoadHosts, SendEverythingOnceAndFindNothingWrong) {
  const std::vector<std::string> pace{"--rate", "2000", "--fault", "redelivery=0.1,disorder=0.05,near_duplicate=0.05"};
  Endpoint first;
  const auto alone = run(replay(first, pace), with_secret);
  ASSERT_TRUE(alone.exit_code == 0 || alone.exit_code == 1) << alone.err;  // Gates are not what is asked here.
  const auto one = alone.json().at("replay").as_object();
  const auto served_one = first.served();
  ASSERT_GT(one.at("scans").to_number<int>(), 100);
  EXPECT_EQ(alone.json().at("findings").at("total").to_number<int>(), 0);
  EXPECT_TRUE(one.at("senders").is_null());

  for (const std::size_t ranks : {2U, 4U}) {
    SCOPED_TRACE(ranks);
    Endpoint endpoint;
    auto words = replay(endpoint, pace);
    words.insert(words.end(), {"--out", at("together-" + std::to_string(ranks))});
    const auto done = run(mpirun(job(ranks, words)), with_secret);
    ASSERT_EQ(done.exit_code, alone.exit_code) << done.err;
    const auto json = done.json();
    const auto all = json.at("replay").as_object();
    EXPECT_FALSE(json.at("partial").as_bool());
    EXPECT_EQ(json.at("findings"), alone.json().at("findings"));
    for (const char* count : {"scans", "checks", "sent", "acknowledged", "injected", "registered", "read", "dropped",
                              "given_up", "checks_answered", "rate"}) {
      EXPECT_EQ(all.at(count), one.at(count)) << count;
    }
    EXPECT_EQ(answers(all), answers(one));
    // The endpoint's own word for it: as many messages, and no more of them repeated than one process repeats.
    const auto served = endpoint.served();
    for (const char* count : {"messages", "duplicate_messages", "scans_stored", "promises", "pages"}) {
      EXPECT_EQ(served.at(count), served_one.at(count)) << count;
    }

    EXPECT_EQ(all.at("hosts").to_number<int>(), 1);
    const auto senders = all.at("senders").as_array();
    ASSERT_EQ(senders.size(), ranks);
    int scans = 0;
    for (const auto& sender : senders) {
      scans += sender.at("scans").to_number<int>();
      EXPECT_GT(sender.at("scans").to_number<int>(), 0);
      // One host has one clock: what was measured must hold zero.
      EXPECT_LE(std::abs(sender.at("clock_offset_us").to_number<double>()),
                sender.at("clock_uncertainty_us").to_number<double>());
    }
    EXPECT_EQ(scans, all.at("scans").to_number<int>());
    const std::string folder = at("together-" + std::to_string(ranks));
    EXPECT_THAT(text_of(folder + "/report.html"), HasSubstr("\"senders\":[{\"rank\":0"));
    EXPECT_EQ(run({"gate", folder, "--quiet"}).exit_code, done.exit_code);
  }
}

TEST_F(LoadHosts, FindTheSameBugs) {
  const std::vector<std::string> pace{"--rate", "2000", "--fault", "redelivery=0.2,other_zone=0.3"};
  const std::vector<std::string> bugs{"--bug", "no-dedup,naive-local-time"};
  Endpoint first(bugs);
  const auto alone = run(replay(first, pace), with_secret);
  Endpoint second(bugs);
  const auto done = run(mpirun(job(3, replay(second, pace))), with_secret);
  ASSERT_EQ(done.exit_code, alone.exit_code) << done.err;
  const auto found = done.json().at("findings").as_object();
  const auto expected = alone.json().at("findings").as_object();
  EXPECT_GT(found.at("duplicated").to_number<int>(), 0);
  EXPECT_GT(found.at("wrong_instant").to_number<int>(), 0);
  for (const char* kind : {"duplicated", "wrong_instant", "lost", "phantom", "timestamp_fidelity", "no_phantom"}) {
    EXPECT_EQ(found.at(kind), expected.at(kind)) << kind;
  }
}

TEST_F(LoadHosts, RefuseWhatIsForOneProcess) {
  const auto embedded = run(mpirun(job(2, {"replay", at("run")})), with_secret);
  EXPECT_EQ(embedded.exit_code, 2);
  EXPECT_THAT(embedded.err, HasSubstr("start 'peakstorm endpoint' and name it with --against URL"));
  const auto limit =
      run(mpirun(job(2, {"replay", at("run"), "--against", "http://127.0.0.1:1", "--find-limit"})), with_secret);
  EXPECT_EQ(limit.exit_code, 2);
  EXPECT_THAT(limit.err, HasSubstr("--find-limit: the search runs in one process"));
}

TEST_F(LoadHosts, ThatDisagreeOrCannotSendAreNamed) {
  auto jobs = job(1, {"replay", at("run"), "--against", "http://127.0.0.1:1", "--rate", "100"});
  jobs.emplace_back(":");
  for (const std::string& word : job(1, {"replay", at("run"), "--against", "http://127.0.0.1:1", "--rate", "200"})) {
    jobs.push_back(word);
  }
  const auto pace = run(mpirun(jobs), with_secret);
  EXPECT_EQ(pace.exit_code, 2);
  EXPECT_THAT(pace.err, HasSubstr("rank 1: pace is 200, rank 0 has 100"));

  // One rank alone has another secret, so that only its promises are refused: all end, and it is named.
  Endpoint endpoint;
  jobs = job(1, replay(endpoint, {"--rate", "100"}));
  jobs.emplace_back(":");
  jobs.insert(jobs.end(), {"-x", "PEAKSTORM_WEBHOOK_SECRET=another-one-altogether"});
  for (const std::string& word : job(1, replay(endpoint, {"--rate", "100"}))) jobs.push_back(word);
  const auto secret = run(mpirun(jobs), with_secret);
  EXPECT_EQ(secret.exit_code, 2) << secret.err;
  EXPECT_THAT(secret.err, AllOf(HasSubstr("rank 1: "), HasSubstr("the same secret")));
}

/// Waits until a rank has sent something, which the endpoint's storing tells.
class LoadHostsAtWork : public LoadHosts {
 protected:
  void begin(const std::vector<std::string>& more = {}) {
    std::filesystem::create_directory(at("db"));
    endpoint_ = std::make_unique<Endpoint>(std::vector<std::string>{"--database", at("db/tracking.sqlite")});
    const FolderWatch database(at("db"));
    auto words = replay(*endpoint_, {"--seconds", "100"});
    words.insert(words.end(), more.begin(), more.end());
    replay_ = std::make_unique<Program>(mpirun(job(3, words)), with_secret);
    ASSERT_TRUE(database.wait_for("tracking.sqlite")) << "no message reached the endpoint";
  }
  std::unique_ptr<Endpoint> endpoint_;
  std::unique_ptr<Program> replay_;
};

TEST_F(LoadHostsAtWork, StopTogetherAndKeepWhatThereIs) {
  begin({"--out", at("stopped")});
  replay_->signal(SIGUSR1);
  const auto stopped = replay_->wait(30);
  EXPECT_EQ(stopped.exit_code, 1) << stopped.err;
  EXPECT_TRUE(stopped.json().at("partial").as_bool());
  EXPECT_EQ(stopped.json().at("replay").at("senders").as_array().size(), 3U);
  EXPECT_TRUE(std::filesystem::exists(at("stopped/manifest.json")));
}

TEST_F(LoadHostsAtWork, AKilledOneIsNamedAndEndsTheOthers) {
  begin({"--out", at("killed")});
  const auto ranks = ranks_of(replay_->pid());
  ASSERT_EQ(ranks.size(), 3U);
  kill(ranks[1], SIGKILL);
  const auto killed = replay_->wait(30);
  EXPECT_EQ(killed.exit_code, 70);
  EXPECT_THAT(killed.err, AllOf(HasSubstr("was killed by signal 9"), HasSubstr("nothing of the replay is kept")));
  EXPECT_FALSE(std::filesystem::exists(at("killed/manifest.json")));
}

}  // namespace
}  // namespace peakstorm::e2e
