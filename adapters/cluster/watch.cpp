#include "adapters/cluster/watch.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>

namespace peakstorm::cluster {

namespace {
constexpr std::size_t words_max = 4'000;
constexpr int our_fault = 70;
}  // namespace

struct LastWords::Shared {
  std::atomic<std::uint32_t> current{0};  ///< Which of the two is whole; set() pairs with get() in the other process.
  std::array<std::array<char, words_max + 1>, 2> words{};
};

LastWords::LastWords() {
  void* const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  shared_ = new (memory) Shared;
}

LastWords::~LastWords() {
  munmap(shared_, sizeof(Shared));
}

void LastWords::set(std::string_view words) {
  const std::uint32_t next = 1 - shared_->current.load(std::memory_order_relaxed);
  auto& target = shared_->words[next];
  const std::size_t size = std::min(words.size(), words_max);
  std::memcpy(target.data(), words.data(), size);
  target[size] = '\0';
  shared_->current.store(next, std::memory_order_release);
}

std::string LastWords::get() const {
  return shared_->words[shared_->current.load(std::memory_order_acquire)].data();
}

namespace {

void say(const std::string& text) {
  // One write, so that lines of several ranks do not mix.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "?";
}

}  // namespace

std::optional<int> watch(const Launch& launch, const LastWords& words) {
  sigset_t passed_on;
  sigemptyset(&passed_on);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGCHLD}) sigaddset(&passed_on, signal);
  sigset_t before;
  sigprocmask(SIG_BLOCK, &passed_on, &before);
  const pid_t watcher = getpid();
  const pid_t rank = fork();
  if (rank < 0) {
    say("peakstorm: cannot fork: " + std::string(std::strerror(errno)) + "; raise the limit of processes\n");
    return our_fault;
  }
  if (rank == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != watcher) _exit(our_fault);  // It died before it could be watched for.
    sigprocmask(SIG_SETMASK, &before, nullptr);
    return std::nullopt;
  }

  bool told_to_stop = false;
  int status = 0;
  for (;;) {
    int signal = 0;
    if (sigwait(&passed_on, &signal) != 0) continue;
    if (signal != SIGCHLD) {
      told_to_stop = true;
      kill(rank, signal);
    } else if (waitpid(rank, &status, WNOHANG) == rank && (WIFEXITED(status) || WIFSIGNALED(status))) {
      break;
    }
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) != our_fault) return WEXITSTATUS(status);
  // A launcher that ends a job tells every rank to stop first: those are not the cause, and stay silent.
  if (WIFSIGNALED(status) && !told_to_stop) {
    say("peakstorm: rank " + std::to_string(launch.rank) + " of " + std::to_string(launch.ranks) + " (process " +
        std::to_string(rank) + " on " + host_name() + ") was killed by signal " + std::to_string(WTERMSIG(status)) +
        " (" + strsignal(WTERMSIG(status)) + "), so the job ends\n" + words.get());
  } else if (WIFEXITED(status)) {
    say("peakstorm: rank " + std::to_string(launch.rank) + " gave up, so the job ends\n" + words.get());
  }
  return our_fault;
}

}  // namespace peakstorm::cluster
