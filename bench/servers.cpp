#include "bench/servers.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

namespace peakstorm::bench {
namespace {

void bind_to(int core) {
  if (core < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(core), &set);
  sched_setaffinity(0, sizeof set, &set);
}

/// In the child: never returns.
[[noreturn]] void become(const std::vector<std::string>& command, int core) {
  bind_to(core);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  _exit(127);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  bind(socket, reinterpret_cast<const sockaddr*>(&address), size);
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  close(socket);
  return ntohs(address.sin_port);
}

bool listens(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = loopback(port);
  const bool there = connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(socket);
  return there;
}

/// Reads what is there and answers when a request is whole. False when the connection is over.
bool answer_on(int socket, std::string& pending) {
  std::array<char, 1 << 16> part;
  const ssize_t got = recv(socket, part.data(), part.size(), MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN;
  if (got == 0) return false;
  pending.append(part.data(), static_cast<std::size_t>(got));
  constexpr std::string_view length_name = "Content-Length: ";
  const std::size_t head = pending.find("\r\n\r\n");
  const std::size_t length = pending.find(length_name);
  if (head == std::string::npos || length > head) return pending.size() < part.size();
  const auto body = std::strtoull(pending.c_str() + length + length_name.size(), nullptr, 10);
  if (pending.size() < head + 4 + body) return pending.size() < part.size();
  pending.clear();
  constexpr std::string_view reply = "HTTP/1.1 204 No Content\r\n\r\n";
  return ::send(socket, reply.data(), reply.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(reply.size());
}

[[noreturn]] void serve_awake(int listener) {
  const int epoll = epoll_create1(0);
  const auto add = [&](int socket) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
  };
  add(listener);
  std::vector<std::string> pending(4096);
  std::array<epoll_event, 64> events;
  while (true) {
    const int ready = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < ready; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      if (socket == listener) {
        const int taken = accept(listener, nullptr, nullptr);
        if (taken < 0 || static_cast<std::size_t>(taken) >= pending.size()) _exit(1);
        const int on = 1;
        setsockopt(taken, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        add(taken);
      } else if (!answer_on(socket, pending[static_cast<std::size_t>(socket)])) {
        pending[static_cast<std::size_t>(socket)].clear();
        close(socket);
      }
    }
  }
}

std::string configuration(const std::string& folder, std::uint16_t port) {
  std::ostringstream text;
  text << "daemon off;\nmaster_process off;\npid " << folder << "/pid;\nerror_log " << folder << "/error.log crit;\n"
       << "events { worker_connections 1024; }\nhttp {\n  access_log off;\n"
       << "  keepalive_requests 1000000000;\n  keepalive_timeout 3600s;\n";
  for (const char* const what : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    text << "  " << what << "_temp_path " << folder << "/" << what << ";\n";
  }
  text << "  server { listen 127.0.0.1:" << port << " backlog=1024; location / { return 204; } }\n}\n";
  return text.str();
}

}  // namespace

std::optional<std::string> find_program(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders((path != nullptr ? path : "") + std::string(":/usr/sbin"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string file = folder + "/" + name;
    if (!folder.empty() && access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

Ran run_program(const std::vector<std::string>& command, int core) {
  std::array<int, 2> ends{};
  Ran ran;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return ran;
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    become(command, core);
  }
  close(ends[1]);
  std::array<char, 4096> part;
  for (ssize_t got = 0; (got = read(ends[0], part.data(), part.size())) > 0;) {
    ran.out.append(part.data(), static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  rusage used{};
  ran.good = child > 0 && wait4(child, &status, 0, &used) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  ran.cpu_s = seconds(used.ru_utime) + seconds(used.ru_stime);
  return ran;
}

Nginx::Nginx(int core) {
  const auto program = find_program("nginx");
  std::string folder = (std::filesystem::temp_directory_path() / "peakstorm-nginx-XXXXXX").string();
  if (!program || mkdtemp(folder.data()) == nullptr) return;
  folder_ = folder;
  port_ = free_port();
  std::ofstream(folder_ + "/nginx.conf") << configuration(folder_, port_);
  const pid_t child = fork();
  if (child == 0) become({*program, "-p", folder_, "-c", folder_ + "/nginx.conf"}, core);
  pid_ = child;
  for (int i = 0; i < 200 && !listens(port_); ++i) usleep(10'000);
  if (!listens(port_)) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
}

Nginx::~Nginx() {
  if (pid_ > 0) {
    kill(pid_, SIGCONT);
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

AwakeServer::AwakeServer(int core) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  bind(listener, reinterpret_cast<const sockaddr*>(&address), size);
  listen(listener, 1024);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    bind_to(core);
    serve_awake(listener);
  }
  close(listener);
}

AwakeServer::~AwakeServer() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

OnCore::OnCore(int core) : before_(sizeof(cpu_set_t)) {
  sched_getaffinity(0, before_.size(), reinterpret_cast<cpu_set_t*>(before_.data()));
  bind_to(core);
}

OnCore::~OnCore() {
  sched_setaffinity(0, before_.size(), reinterpret_cast<const cpu_set_t*>(before_.data()));
}

}  // namespace peakstorm::bench
