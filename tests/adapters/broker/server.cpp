#include "tests/adapters/broker/server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/arguments.hpp"

extern char** environ;

namespace peakstorm::testing {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool takes_connections(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool taken = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return taken;
}

}  // namespace

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no free port");
  }
  ::close(fd);
  return ntohs(address.sin_port);
}

BrokerServer::BrokerServer(const std::filesystem::path& folder, std::vector<std::string> words, std::uint16_t port,
                           std::vector<std::string> environment)
    : folder_(folder), words_(std::move(words)), port_(port), environment_(std::move(environment)) {
  // It does not outlive a test that is killed.
  words_.insert(words_.begin(), {"setpriv", "--pdeathsig", "KILL"});
  start();
}

BrokerServer::~BrokerServer() {
  stop(SIGKILL);
}

void BrokerServer::stop(int signal) {
  if (pid_ <= 0) return;
  // The whole group: a broker may have helpers.
  ::kill(-pid_, signal);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void BrokerServer::signal(int number) const {
  ::kill(-pid_, number);
  // A signal takes its time; only a stopped process answers nothing.
  if (number == SIGSTOP) ::waitpid(pid_, nullptr, WUNTRACED);
}

void BrokerServer::start() {
  std::vector<std::string> environment = environment_;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  const std::string log = (folder_ / "log").string();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  const auto argv = pointers(words_);
  const auto envp = pointers(environment);
  const int failed = ::posix_spawnp(&pid_, words_.front().c_str(), &actions, &attributes, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) {
    pid_ = -1;
    throw std::runtime_error("cannot start " + words_.at(3) + "; run ./dev setup");
  }
  // A broker gives no sign of being ready but this.
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (!takes_connections(port_)) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      throw std::runtime_error(words_.at(3) + " ended at once: " + this->log());
    }
    if (std::chrono::steady_clock::now() > give_up) throw std::runtime_error("no broker: " + this->log());
    ::poll(nullptr, 0, 10);
  }
}

std::string BrokerServer::log() const {
  std::ifstream stream(folder_ / "log");
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace peakstorm::testing
