// What surrounds MPI: noticing a launcher, agreeing before work starts, watching over a rank.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <mutex>

#include "adapters/cluster/agree.hpp"
#include "adapters/cluster/launcher.hpp"
#include "adapters/cluster/watch.hpp"
#include "tests/engine/kernel/thread_ranks.hpp"

namespace peakstorm::cluster {
namespace {

using ::testing::HasSubstr;

std::optional<Launch> launched_with(const std::map<std::string, std::string>& variables) {
  return launched([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(Launcher, IsNoticedByItsVariables) {
  EXPECT_FALSE(launched_with({}));
  const auto open_mpi = launched_with({{"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_RANK", "3"}});
  ASSERT_TRUE(open_mpi);
  EXPECT_EQ(open_mpi->launcher, "mpirun");
  EXPECT_EQ(open_mpi->rank, 3U);
  EXPECT_EQ(open_mpi->ranks, 4U);
  const auto slurm = launched_with({{"SLURM_STEP_NUM_TASKS", "16"}, {"SLURM_PROCID", "0"}, {"PMIX_RANK", "0"}});
  ASSERT_TRUE(slurm);
  EXPECT_EQ(slurm->launcher, "srun");
  EXPECT_EQ(slurm->ranks, 16U);
  EXPECT_TRUE(launched_with({{"PMI_SIZE", "2"}, {"PMI_RANK", "1"}}));
  // One process is an ordinary run; so is a batch script, which is not a step; and nonsense is nobody.
  EXPECT_FALSE(launched_with({{"OMPI_COMM_WORLD_SIZE", "1"}, {"OMPI_COMM_WORLD_RANK", "0"}}));
  EXPECT_FALSE(launched_with({{"SLURM_NTASKS", "16"}, {"SLURM_PROCID", "0"}}));
  EXPECT_FALSE(launched_with({{"PMI_SIZE", "two"}, {"PMI_RANK", "1"}}));
  EXPECT_FALSE(launched_with({{"PMI_SIZE", "2"}, {"PMI_RANK", "2"}}));
}

/// The message of each rank; "agreed" where there is none.
std::vector<std::string> verdicts(const std::vector<Intent>& intents) {
  std::vector<std::string> all(intents.size());
  std::mutex lock;
  kernel::ThreadRanks(intents.size()).run([&](kernel::Exchange& exchange) {
    const auto agreed = agree(exchange, intents[exchange.rank()]);
    const std::scoped_lock guard(lock);
    all[exchange.rank()] = agreed ? "agreed" : agreed.error().message;
  });
  return all;
}

TEST(Agree, NamesTheRanksThatDiffer) {
  const auto seed = [](const char* value) { return Intent{{{"version", "1"}, {"seed", value}}, ""}; };
  EXPECT_EQ(verdicts({seed("7"), seed("7"), seed("7")}), (std::vector<std::string>{"agreed", "agreed", "agreed"}));
  EXPECT_EQ(verdicts({seed("7"), seed("8"), seed("7"), seed("8"), seed("9")}),
            (std::vector<std::string>{"ranks 1 and 3: seed is 8, rank 0 has 7\nrank 4: seed is 9, rank 0 has 7", "", "",
                                      "", ""}));
  EXPECT_EQ(verdicts({seed("7"), Intent{{{"version", "1"}}, ""}})[0], "rank 1: seed is nothing, rank 0 has 7");
}

TEST(Agree, SaysOnceWhatIsWrongForAll) {
  const Intent broken{{}, "lanes.csv:3: to: unknown"};
  EXPECT_EQ(verdicts({broken, broken})[0], "lanes.csv:3: to: unknown");
  EXPECT_EQ(verdicts({Intent{}, broken, broken})[0], "ranks 1 and 2: lanes.csv:3: to: unknown");
  EXPECT_EQ(verdicts({broken, Intent{}})[0], "rank 0: lanes.csv:3: to: unknown");
}

/// Runs `rank` under a watcher, in a process of its own; the watcher's exit code and what it said.
template <class F>
std::pair<int, std::string> watched(const F& rank) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  const pid_t watcher = fork();
  if (watcher == 0) {
    dup2(ends[1], STDERR_FILENO);
    LastWords words;
    words.set("first");
    const auto ended = watch({"mpirun", 2, 4}, words);
    if (ended) _exit(*ended);
    rank(words);
    _exit(0);
  }
  close(ends[1]);
  std::string said;
  std::array<char, 512> buffer{};
  for (ssize_t got = 0; (got = read(ends[0], buffer.data(), buffer.size())) > 0;) {
    said.append(buffer.data(), static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  EXPECT_EQ(waitpid(watcher, &status, 0), watcher);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), said};
}

TEST(Watch, PassesExitCodesOn) {
  for (const int code : {0, 1, 2}) {
    const auto [exit_code, said] = watched([&](LastWords&) { _exit(code); });
    EXPECT_EQ(exit_code, code);
    EXPECT_EQ(said, "");
  }
}

TEST(Watch, ADeathIsToldWithTheLastWords) {
  const auto [exit_code, said] = watched([](LastWords& words) {
    words.set("go on from Tuesday\n");
    kill(getpid(), SIGKILL);
  });
  EXPECT_EQ(exit_code, 70);
  EXPECT_THAT(said, HasSubstr("rank 2 of 4"));
  EXPECT_THAT(said, HasSubstr("signal 9"));
  EXPECT_THAT(said, HasSubstr("go on from Tuesday"));
}

TEST(Watch, PassesSignalsOnAndIsSilentWhenTheJobWasEnded) {
  const auto [exit_code, said] = watched([](LastWords&) {
    kill(getppid(), SIGTERM);
    for (;;) pause();
  });
  EXPECT_EQ(exit_code, 70);
  EXPECT_EQ(said, "");
}

}  // namespace
}  // namespace peakstorm::cluster
