// Goal: a drill against platforms that nobody here wrote, as a user drills his own: it finds nothing wrong with a sound
// flow under faults, and names the mistake of a flow that has one.
// Method: Parse Server on PostgreSQL, and Node-RED, started from Debian's and npm's packages (stacks/README.md). Their
// pages are read by descriptions, since none of them has a page like ours.
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/shm.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/adapters/broker/server.hpp"
#include "tests/e2e/program.hpp"

namespace peakstorm::e2e {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const fs::path stacks = fs::path(PEAKSTORM_SOURCE_DIR) / "tests/e2e/stacks";
const std::vector<std::string> with_secret{"PEAKSTORM_WEBHOOK_SECRET=the secret of the stacks"};

/// A server of its own account, on a port and in a folder of its own. PostgreSQL does not run as root, so root starts
/// it as the account that Debian's package made.
class Postgres {
 public:
  Postgres() {
    fs::permissions(folder_.path(), fs::perms::others_exec | fs::perms::group_exec, fs::perm_options::add);
    fs::create_directory(data());
    if (geteuid() == 0) {
      const passwd* account = getpwnam("postgres");
      if (account == nullptr) throw std::runtime_error("no account postgres; install postgresql-15");
      if (chown(data().c_str(), account->pw_uid, account->pw_gid) != 0) throw std::runtime_error("chown failed");
      as_account_ = {"--reuid", "postgres", "--regid", "postgres", "--init-groups"};
    }
    const auto made = run(command({}, {"initdb", "-D", data(), "--auth=trust", "--username=platform", "--no-sync",
                                       "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"}));
    if (made.exit_code != 0) throw std::runtime_error("initdb: " + made.err);
    // Nothing of this is to outlive a machine's crash. Errors go to who asked; a log of them would fill the pipe.
    server_ = std::make_unique<Program>(command({"--pdeathsig", "INT"}, {"postgres",
                                                                         "-D",
                                                                         data(),
                                                                         "-p",
                                                                         std::to_string(port_),
                                                                         "-c",
                                                                         "listen_addresses=127.0.0.1",
                                                                         "-c",
                                                                         "unix_socket_directories=",
                                                                         "-c",
                                                                         "fsync=off",
                                                                         "-c",
                                                                         "synchronous_commit=off",
                                                                         "-c",
                                                                         "full_page_writes=off",
                                                                         "-c",
                                                                         "shared_buffers=32MB",
                                                                         "-c",
                                                                         "dynamic_shared_memory_type=mmap",
                                                                         "-c",
                                                                         "log_min_messages=log"}));
    for (std::string line = "-"; line.find("ready to accept connections") == std::string::npos;) {
      line = server_->read_error_line();
      if (line.empty()) throw std::runtime_error("postgres ended: " + server_->wait(10).err);
    }
    shared_memory_ = shared_memory();
  }
  ~Postgres() { stop(); }
  Postgres(const Postgres&) = delete;
  Postgres& operator=(const Postgres&) = delete;

  /// Shuts it down, and removes the shared memory that it leaves when it had to be killed. True when it left none.
  bool stop() {
    if (!server_) return true;
    server_->signal(SIGINT);  // A fast shutdown: sessions are ended.
    server_->wait(20);
    server_.reset();
    shmid_ds facts{};
    const bool left = shared_memory_ >= 0 && shmctl(shared_memory_, IPC_STAT, &facts) == 0;
    if (left) shmctl(shared_memory_, IPC_RMID, nullptr);
    return !left;
  }
  [[nodiscard]] bool has_shared_memory() const { return shared_memory_ >= 0; }
  [[nodiscard]] std::string new_database(const std::string& name) const {
    const auto made =
        run(command({}, {"createdb", "-h", "127.0.0.1", "-p", std::to_string(port_), "-U", "platform", name}));
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return "postgres://platform@127.0.0.1:" + std::to_string(port_) + "/" + name;
  }

  /// Where Debian keeps the newest version's programs; empty when there is none.
  static fs::path programs() {
    fs::path newest;
    std::error_code ignored;
    for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
      if (fs::exists(version.path() / "bin/postgres") && version.path() > newest) newest = version.path();
    }
    return newest.empty() ? newest : newest / "bin";
  }

 private:
  [[nodiscard]] std::string data() const { return folder_ / "data"; }
  [[nodiscard]] Command command(const std::vector<std::string>& options, std::vector<std::string> words) const {
    words.front() = programs() / words.front();
    std::vector<std::string> all{"setpriv"};
    all.insert(all.end(), as_account_.begin(), as_account_.end());
    all.insert(all.end(), options.begin(), options.end());
    all.push_back("--");
    all.insert(all.end(), words.begin(), words.end());
    return {all};
  }
  /// The id of the small System V segment that keeps two servers out of one folder; the last line but one of its file.
  [[nodiscard]] int shared_memory() const {
    std::istringstream lines(text_of(data() + "/postmaster.pid"));
    std::string line;
    for (int number = 1; number <= 7 && std::getline(lines, line);) ++number;
    std::istringstream words(line);
    long key = 0;
    int id = -1;
    return words >> key >> id ? id : -1;
  }

  TemporaryFolder folder_;
  std::uint16_t port_ = peakstorm::testing::free_port();
  std::vector<std::string> as_account_;
  std::unique_ptr<Program> server_;
  int shared_memory_ = -1;
};

/// A platform on node that prints its URL when it listens. It dies with the test.
class Platform {
 public:
  Platform(const std::string& script, std::vector<std::string> arguments)
      : program_(command(script, std::move(arguments)), with_secret) {
    // What servers have to say of themselves may come before.
    while (url_.empty()) {
      const std::string line = program_.read_line();
      if (line.empty()) throw std::runtime_error(script + ": " + program_.wait(10).err);
      boost::system::error_code error;
      const auto object = boost::json::parse(line, error);
      if (!error) url_ = object.at("url").as_string();
    }
  }
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  static Command command(const std::string& script, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"setpriv", "--pdeathsig", "KILL", "--", "node", stacks / script});
    return {arguments};
  }
  Program program_;
  std::string url_;
};

class Stacks : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(stacks / "node_modules")) GTEST_SKIP() << "no npm modules; run this through ./dev test";
    if (Postgres::programs().empty()) GTEST_SKIP() << "no PostgreSQL; run this through ./dev test";
    // A storm over six zones of the year before, with gates that are about the platform and not about this machine.
    ASSERT_EQ(run({"scenarios", "copy", "blizzard-memphis", scenario()}).exit_code, 0);
    std::string text = text_of(scenario() + "/scenario.toml");
    const std::size_t gates = text.find("require = [");
    ASSERT_NE(gates, std::string::npos);
    text.replace(gates, text.find(']', gates) + 1 - gates,
                 R"(require = ["findings == 0", "parcels_not_read == 0", "unacknowledged_scans == 0"])");
    std::ofstream(scenario() + "/scenario.toml") << text;
  }

  [[nodiscard]] std::string scenario() const { return folder_ / "scenario"; }
  [[nodiscard]] std::string at(const std::string& name) const { return folder_ / name; }

  /// Simulates some hundred parcels, and sends them to the platform.
  [[nodiscard]] Finished drill(const std::vector<std::string>& further) const {
    return with({"drill", scenario(), "--scale", "0.0003", "--out", at("run"), "--json"}, further);
  }
  /// Sends the same parcels again.
  [[nodiscard]] Finished replay(const std::vector<std::string>& further) const {
    return with({"replay", at("run"), "--json"}, further);
  }
  static Finished with(std::vector<std::string> words, const std::vector<std::string>& further) {
    words.insert(words.end(), further.begin(), further.end());
    return run(words, with_secret);
  }
  // No promise is registered there: nobody told these platforms which numbers exist, so they show ghosts rightly.
  static inline const std::vector<std::string> faults{"--fault", "all=0.04", "--fault", "ghost=0"};

  TemporaryFolder folder_;
};

std::vector<std::string> joined(std::vector<std::string> words, const std::vector<std::string>& further) {
  words.insert(words.end(), further.begin(), further.end());
  return words;
}

void expect_sound(const Finished& done) {
  EXPECT_EQ(done.exit_code, 0) << done.err;
  const auto object = done.json();
  const auto& findings = object.at("findings").as_object();
  EXPECT_EQ(findings.at("total").to_number<int>(), 0) << done.out;
  EXPECT_TRUE(findings.at("diagnosis").as_array().empty()) << done.out;
  EXPECT_GT(findings.at("injected").at("redelivery").to_number<int>(), 10) << "it was tried";
  EXPECT_GT(findings.at("injected").at("forged").to_number<int>(), 10);
  const auto& replay = object.at("replay").as_object();
  EXPECT_GT(replay.at("read").to_number<int>(), 150);
  EXPECT_EQ(replay.at("unread").to_number<int>(), 0);
  EXPECT_TRUE(replay.at("unreadable").is_null()) << replay.at("unreadable");
  EXPECT_GT(replay.at("checks_answered").to_number<int>(), 100);
}

void expect_named(const Finished& done, const std::string& bug, const std::string& oracle) {
  EXPECT_EQ(done.exit_code, 1) << done.err;
  const auto object = done.json();
  const auto& findings = object.at("findings").as_object();
  EXPECT_GT(findings.at(oracle).to_number<int>(), 0) << done.out;
  std::vector<std::string> named;
  for (const auto& diagnosis : findings.at("diagnosis").as_array()) {
    named.emplace_back(diagnosis.at("bug").as_string());
  }
  EXPECT_THAT(named, ::testing::Contains(bug)) << done.out;
}

TEST_F(Stacks, ParseServerOnPostgresIsSoundAndAppendingWhatComesIsNamed) {
  Postgres postgres;
  EXPECT_TRUE(postgres.has_shared_memory());
  const std::vector<std::string> how{"--track-page", stacks / "parse/page.toml", "--seconds", "7"};
  {
    const Platform platform("parse/server.mjs", {postgres.new_database("sound")});
    expect_sound(drill(joined(joined({"--against", platform.url()}, how), faults)));
  }
  {
    const Platform platform("parse/server.mjs", {postgres.new_database("careless"), "no-dedup"});
    expect_named(replay(joined({"--against", platform.url(), "--fault", "redelivery=0.1"}, how)), "no-dedup",
                 "no_phantom");
  }
  EXPECT_TRUE(postgres.stop()) << "its shared memory was left behind";
}

TEST_F(Stacks, NodeRedIsSoundAndItsMistakesAreNamed) {
  const TemporaryFolder kept;
  const Platform platform("node-red/server.mjs", {kept.path()});
  const std::vector<std::string> message{"--format", "template:" + (stacks / "node-red/message.http").string()};
  const std::vector<std::string> how =
      joined(joined(message, {"--track-page", stacks / "node-red/page.toml", "--seconds", "4"}), faults);
  expect_sound(drill(joined({"--against", platform.url() + "/sound"}, how)));
  expect_named(replay(joined({"--against", platform.url() + "/last-write-wins"}, how)), "last-write-wins",
               "final_status");
  expect_named(replay(joined({"--against", platform.url() + "/naive-local-time"}, how)), "naive-local-time",
               "timestamp_fidelity");

  // A description that does not fit the page is no finding about the platform, and is told as what it is.
  std::string text = text_of(stacks / "node-red/page.toml");
  text.erase(text.find("moving = "), text.find('\n', text.find("moving = ")) - text.find("moving = "));
  std::ofstream(at("page.toml")) << text;
  const auto misread = replay(
      joined(message, {"--against", platform.url() + "/sound", "--track-page", at("page.toml"), "--seconds", "1"}));
  EXPECT_EQ(misread.exit_code, 1) << misread.err;
  EXPECT_GT(misread.json().at("replay").at("unread").to_number<int>(), 0);
  EXPECT_THAT(std::string(misread.json().at("replay").at("unreadable").as_string()),
              HasSubstr("'what' is the unknown word 'moving'"));
}

TEST_F(Stacks, ADescriptionOfAPageThatCannotBeMeantIsRefusedBeforeAnythingIsSent) {
  std::ofstream(at("page.toml")) << "[request]\npath = \"/parcels\"\n";
  const auto refused = [&](const std::vector<std::string>& target) {
    const auto done = with({"drill", "first-steps", "--out", at("none"), "--track-page", at("page.toml")}, target);
    EXPECT_EQ(done.exit_code, 2) << done.out;
    EXPECT_FALSE(fs::exists(at("none")));
    return done.err;
  };
  EXPECT_THAT(refused({"--against", "http://127.0.0.1:1"}), HasSubstr("page.toml:2:"));
  EXPECT_THAT(refused({}), HasSubstr("--against URL"));
  EXPECT_THAT(refused({"--against", "nats://127.0.0.1:1/scans"}), HasSubstr("a broker shows no pages"));
  EXPECT_THAT(refused({"--against", "http://127.0.0.1:1", "--write-only"}), HasSubstr("--track-page"));
}

}  // namespace
}  // namespace peakstorm::e2e
