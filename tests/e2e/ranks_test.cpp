// Goal: under mpirun the program does what it does alone, and a rank that dies ends the job with a sentence that helps.
// Method: real mpirun over loopback, and between two network namespaces where this is allowed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <sstream>

#include "tests/e2e/mpirun.hpp"
#include "tests/e2e/program.hpp"
#include "tests/e2e/run_compare.hpp"

namespace peakstorm::e2e {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<std::string> simulation(const std::vector<std::string>& more) {
  std::vector<std::string> words{"simulate", two_towns(), "--scale", "0.05", "--threads", "1"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// Waits for the end of a process that is not our child.
bool ends(pid_t process) {
  const auto handle = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
  if (handle < 0) return errno == ESRCH;
  pollfd end{handle, POLLIN, 0};
  const bool ended = poll(&end, 1, 20'000) == 1;
  close(handle);
  return ended;
}

class Ranks : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v mpirun >/dev/null") != 0) GTEST_SKIP() << "there is no mpirun here";
  }
  [[nodiscard]] std::string at(const std::string& name) const { return (home_.path() / name).string(); }
  TemporaryFolder home_;
};

TEST_F(Ranks, LeaveTheRunFolderOfOneProcess) {
  const auto alone = run(simulation({"--out", at("alone"), "--json", "--quiet"}));
  ASSERT_EQ(alone.exit_code, 0) << alone.err;
  for (const std::size_t ranks : {1U, 2U, 4U}) {
    const std::string out = at("ranks-" + std::to_string(ranks));
    const auto done = run(mpirun(job(ranks, simulation({"--out", out, "--json"}))));
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(std::count(done.out.begin(), done.out.end(), '\n'), 1) << "one rank prints: " << done.out;
    EXPECT_EQ(done.json().at("ranks").to_number<std::size_t>(), ranks);
    EXPECT_EQ(done.json().at("digest"), alone.json().at("digest"));
    EXPECT_EQ(done.json().at("measures"), alone.json().at("measures"));
    EXPECT_EQ(difference(at("alone"), out), "") << ranks;
  }
}

TEST_F(Ranks, ThatDisagreeAreNamedBeforeWorkStarts) {
  auto jobs = job(1, simulation({}));
  jobs.emplace_back(":");
  for (const std::string& word : job(2, {"simulate", "first-steps", "--scale", "0.05", "--threads", "1"})) {
    jobs.push_back(word);
  }
  const auto scenarios = run(mpirun(jobs));
  EXPECT_EQ(scenarios.exit_code, 2) << scenarios.err;
  EXPECT_THAT(scenarios.err,
              AllOf(HasSubstr("ranks 1 and 2: scenario is first-steps"), HasSubstr("rank 0 has two-towns")));

  jobs = job(1, simulation({}));
  jobs.emplace_back(":");
  for (const std::string& word : job(1, simulation({"--seed", "77"}))) jobs.push_back(word);
  const auto seeds = run(mpirun(jobs));
  EXPECT_EQ(seeds.exit_code, 2);
  EXPECT_THAT(seeds.err, HasSubstr("rank 1: seed is 77, rank 0 has "));

  const std::string out = at("disagreeing");
  jobs = job(1, simulation({"--stream", "all", "--out", out}));
  jobs.emplace_back(":");
  for (const std::string& word : job(1, simulation({"--out", out}))) jobs.push_back(word);
  const auto streams = run(mpirun(jobs));
  EXPECT_EQ(streams.exit_code, 2);
  EXPECT_THAT(streams.err, HasSubstr("rank 1: streams is kept, rank 0 has everybody's"));
  EXPECT_FALSE(fs::exists(out));

  jobs = job(1, simulation({"--memory", "4"}));
  jobs.emplace_back(":");
  for (const std::string& word : job(1, simulation({"--memory", "0.001"}))) jobs.push_back(word);
  const auto memory = run(mpirun(jobs));
  EXPECT_EQ(memory.exit_code, 2);
  EXPECT_THAT(memory.err, AllOf(HasSubstr("rank 1: "), HasSubstr("memory: the run would need")));
}

TEST_F(Ranks, SayOnceWhatIsWrongForAll) {
  const auto done = run(mpirun(job(3, {"simulate", "no-such-world"})));
  EXPECT_EQ(done.exit_code, 2);
  const auto first = done.err.find("no-such-world");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(done.err.find("no-such-world", first + 1), std::string::npos) << done.err;
  EXPECT_EQ(run(mpirun(job(2, {"simulate", two_towns(), "--sedd", "1"}))).exit_code, 2);
  const auto drill = run(mpirun(job(2, {"drill", two_towns()})));
  EXPECT_EQ(drill.exit_code, 2);
  EXPECT_THAT(drill.err, HasSubstr("drill runs in one process"));
}

TEST_F(Ranks, OneThatIsKilledEndsTheJobAndItGoesOnWithAnotherNumberOfThem) {
  const auto alone = run(simulation({"--out", at("alone"), "--json", "--quiet"}));
  ASSERT_EQ(alone.exit_code, 0) << alone.err;
  // More than a thousand checkpoints: the run cannot be over before it is killed after the first.
  Program program(mpirun(job(3, simulation({"--out", at("run"), "--checkpoint-every", "30m"}))));
  std::string line;
  do line = program.read_error_line();
  while (!line.empty() && line.find("checkpoint of ") != 0);
  ASSERT_FALSE(line.empty());
  const std::vector<pid_t> ranks = ranks_of(program.pid());
  ASSERT_EQ(ranks.size(), 3U);
  kill(ranks[1], SIGKILL);
  const auto killed = program.wait(30);
  EXPECT_EQ(killed.exit_code, 70);
  EXPECT_THAT(killed.err, HasSubstr("was killed by signal 9"));
  EXPECT_THAT(killed.err, HasSubstr("is valid; go on with\n  mpirun -n 3 peakstorm simulate --resume " + at("run")));
  for (const pid_t rank : ranks) EXPECT_TRUE(ends(rank)) << "rank " << rank << " is still there";

  fs::copy(at("run"), at("copy"), fs::copy_options::recursive);
  const auto two = run(mpirun(job(2, {"simulate", "--resume", at("run"), "--checkpoint-every", "96h", "--json"})));
  ASSERT_EQ(two.exit_code, 0) << two.err;
  EXPECT_EQ(two.json().at("digest"), alone.json().at("digest"));
  EXPECT_EQ(difference(at("alone"), at("run")), "");
  const auto one = run({"simulate", "--resume", at("copy"), "--checkpoint-every", "96h", "--json", "--quiet"});
  ASSERT_EQ(one.exit_code, 0) << one.err;
  EXPECT_EQ(difference(at("alone"), at("copy")), "");
}

// mpirun passes SIGUSR1 on, and the ranks agree where to stop.
TEST_F(Ranks, StopTogetherAndGoOn) {
  const auto alone = run(simulation({"--out", at("alone"), "--json", "--quiet"}));
  Program program(mpirun(job(2, simulation({"--out", at("run"), "--checkpoint-every", "30m"}))));
  std::string line;
  do line = program.read_error_line();
  while (!line.empty() && line.find("checkpoint of ") != 0);
  program.signal(SIGUSR1);
  const auto stopped = program.wait();
  EXPECT_EQ(stopped.exit_code, 1) << stopped.err;
  EXPECT_THAT(stopped.err, HasSubstr("go on with\n  mpirun -n 2 peakstorm simulate --resume " + at("run")));
  const auto resumed = run({"simulate", "--resume", at("run"), "--checkpoint-every", "96h", "--json", "--quiet"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(resumed.json().at("digest"), alone.json().at("digest"));
  EXPECT_EQ(difference(at("alone"), at("run")), "");
}

TEST_F(Ranks, AModuleThatIsMissingIsBadInput) {
  const auto done = run(mpirun(job(2, simulation({}))), {"PEAKSTORM_MPI=/nowhere/libpeakstorm_mpi.so"});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_THAT(done.err, HasSubstr("MPI cannot be loaded"));
  // Alone nobody asks for it.
  EXPECT_EQ(run(simulation({"--quiet"}), {"PEAKSTORM_MPI=/nowhere/libpeakstorm_mpi.so"}).exit_code, 0);
}

/// Two network namespaces joined by a pair of virtual interfaces: as near to two hosts as one machine gets.
class TwoHosts : public Ranks {
 protected:
  void SetUp() override {
    Ranks::SetUp();
    if (IsSkipped()) return;
    // The names hold this process's number, so that runs beside each other do not meet.
    a_ = "ps" + std::to_string(getpid()) + "a";
    b_ = "ps" + std::to_string(getpid()) + "b";
    const bool made = shell("ip netns add " + a_) && shell("ip netns add " + b_) &&
                      shell("ip link add " + a_ + " netns " + a_ + " type veth peer name " + b_ + " netns " + b_);
    if (!made) GTEST_SKIP() << "network namespaces are not allowed here (they need root and `ip netns`)";
    ASSERT_TRUE(shell("ip -n " + a_ + " addr add 10.93.7.1/24 dev " + a_) && shell("ip -n " + a_ + " link set lo up") &&
                shell("ip -n " + a_ + " link set " + a_ + " up") &&
                shell("ip -n " + b_ + " addr add 10.93.7.2/24 dev " + b_) && shell("ip -n " + b_ + " link set lo up") &&
                shell("ip -n " + b_ + " link set " + b_ + " up"));
    // What ssh would be between hosts: the first word is the host, the rest the command.
    agent_ = at("agent");
    std::ofstream(agent_) << "#!/bin/sh\nshift\nexec ip netns exec " << b_ << " sh -c \"$*\"\n";
    fs::permissions(agent_, fs::perms::owner_all);
  }
  void TearDown() override {
    shell("ip netns del " + a_);
    shell("ip netns del " + b_);
  }
  static bool shell(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

  std::string a_, b_, agent_;
};

TEST_F(TwoHosts, HaveTheResultOfOneProcess) {
  const auto alone = run(simulation({"--out", at("alone"), "--json", "--quiet"}));
  Command command{{"ip",
                   "netns",
                   "exec",
                   a_,
                   "mpirun",
                   "--allow-run-as-root",
                   "--bind-to",
                   "none",
                   "--host",
                   "10.93.7.1:1,10.93.7.2:1",
                   "--mca",
                   "plm",
                   "rsh",
                   "--mca",
                   "plm_rsh_agent",
                   agent_,
                   "--mca",
                   "btl",
                   "self,tcp",
                   "--mca",
                   "btl_tcp_if_include",
                   "10.93.7.0/24",
                   "--mca",
                   "oob_tcp_if_include",
                   "10.93.7.0/24"}};
  for (const std::string& word : job(2, simulation({"--out", at("run"), "--json"}))) command.words.push_back(word);
  const auto done = run(command);
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.json().at("ranks").to_number<int>(), 2);
  EXPECT_EQ(done.json().at("digest"), alone.json().at("digest"));
  EXPECT_EQ(difference(at("alone"), at("run")), "");
}

}  // namespace
}  // namespace peakstorm::e2e
