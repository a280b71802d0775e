#include "adapters/cluster/mpi.hpp"

#define OMPI_SKIP_MPICXX 1  // The C API is all that is used; the C++ bindings are long gone from the standard.
#include <mpi.h>

#include <algorithm>
#include <array>
#include <limits>

#include "engine/check.hpp"

namespace peakstorm::cluster {
namespace {

// MPI counts bytes in an int; longer messages go in pieces. Messages between two ranks keep their order, so
// the pieces need no numbers.
constexpr std::size_t piece = std::size_t{1} << 30U;
constexpr int events_tag = 1;
constexpr int gather_tag = 2;
constexpr int number_tag = 3;

}  // namespace

struct MpiJob::Traffic {
  std::vector<MPI_Request> requests;
  MPI_Request vote = MPI_REQUEST_NULL;
  std::array<int, 2> said{};
  std::array<int, 2> heard{};

  void send(std::span<const std::byte> bytes, std::size_t to, int tag) {
    for (std::size_t from = 0; from < bytes.size(); from += piece) {
      const auto part = bytes.subspan(from, std::min(piece, bytes.size() - from));
      requests.emplace_back();
      MPI_Isend(part.data(), static_cast<int>(part.size()), MPI_BYTE, static_cast<int>(to), tag, MPI_COMM_WORLD,
                &requests.back());
    }
  }
  void receive(std::span<std::byte> bytes, std::size_t from_rank, int tag) {
    for (std::size_t from = 0; from < bytes.size(); from += piece) {
      const auto part = bytes.subspan(from, std::min(piece, bytes.size() - from));
      requests.emplace_back();
      MPI_Irecv(part.data(), static_cast<int>(part.size()), MPI_BYTE, static_cast<int>(from_rank), tag, MPI_COMM_WORLD,
                &requests.back());
    }
  }
  void wait() {
    MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
    requests.clear();
  }
};

MpiJob::MpiJob(int& argc, char**& argv) : traffic_(std::make_unique<Traffic>()) {
  // Other threads of the process compute, but only this one calls MPI.
  int provided = MPI_THREAD_SINGLE;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  PEAKSTORM_CHECK(provided >= MPI_THREAD_FUNNELED, provided);
  int rank = 0;
  int ranks = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  rank_ = static_cast<std::size_t>(rank);
  ranks_ = static_cast<std::size_t>(ranks);
  MPI_Comm here = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here);
  MPI_Comm_size(here, &ranks);
  MPI_Comm_free(&here);
  ranks_here_ = static_cast<std::size_t>(ranks);
}

MpiJob::~MpiJob() {
  MPI_Finalize();
}

void MpiJob::send(std::size_t to, std::int64_t number) {
  MPI_Send(&number, 1, MPI_INT64_T, static_cast<int>(to), number_tag, MPI_COMM_WORLD);
}

std::int64_t MpiJob::receive(std::size_t from) {
  std::int64_t number = 0;
  MPI_Recv(&number, 1, MPI_INT64_T, static_cast<int>(from), number_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  return number;
}

std::optional<Job::Voice> MpiJob::vote(const Voice& mine) {
  Traffic& t = *traffic_;
  if (t.vote == MPI_REQUEST_NULL) {
    t.said = {static_cast<int>(mine.ends), static_cast<int>(mine.busy)};
    MPI_Iallreduce(t.said.data(), t.heard.data(), 2, MPI_INT, MPI_MAX, MPI_COMM_WORLD, &t.vote);
  }
  int over = 0;
  MPI_Test(&t.vote, &over, MPI_STATUS_IGNORE);
  if (over == 0) return std::nullopt;
  return Voice{t.heard[0] != 0, t.heard[1] != 0};
}

std::int64_t MpiJob::minimum(std::int64_t mine) {
  std::int64_t least = mine;
  MPI_Allreduce(&mine, &least, 1, MPI_INT64_T, MPI_MIN, MPI_COMM_WORLD);
  return least;
}

void MpiJob::sum(std::span<std::uint64_t> values) {
  PEAKSTORM_CHECK(values.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()), values.size());
  MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD);
}

std::vector<std::vector<std::byte>> MpiJob::swap(std::span<std::vector<std::byte>> outgoing) {
  PEAKSTORM_CHECK(outgoing.size() == ranks_, outgoing.size(), ranks_);
  std::vector<std::uint64_t> sizes(ranks_);
  std::vector<std::uint64_t> incoming_sizes(ranks_);
  for (std::size_t r = 0; r < ranks_; ++r) sizes[r] = outgoing[r].size();
  MPI_Alltoall(sizes.data(), 1, MPI_UINT64_T, incoming_sizes.data(), 1, MPI_UINT64_T, MPI_COMM_WORLD);

  std::vector<std::vector<std::byte>> incoming(ranks_);
  incoming[rank_].swap(outgoing[rank_]);
  for (std::size_t r = 0; r < ranks_; ++r) {
    if (r == rank_) continue;
    incoming[r].resize(incoming_sizes[r]);
    traffic_->receive(incoming[r], r, events_tag);
    traffic_->send(outgoing[r], r, events_tag);
  }
  traffic_->wait();
  for (std::vector<std::byte>& bytes : outgoing) bytes.clear();
  return incoming;
}

std::vector<std::vector<std::byte>> MpiJob::gather(std::span<const std::byte> mine) {
  const std::uint64_t size = mine.size();
  std::vector<std::uint64_t> sizes(ranks_);
  MPI_Gather(&size, 1, MPI_UINT64_T, sizes.data(), 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
  std::vector<std::vector<std::byte>> all;
  if (rank_ == 0) {
    all.resize(ranks_);
    all[0].assign(mine.begin(), mine.end());
    for (std::size_t r = 1; r < ranks_; ++r) {
      all[r].resize(sizes[r]);
      traffic_->receive(all[r], r, gather_tag);
    }
  } else {
    traffic_->send(mine, 0, gather_tag);
  }
  traffic_->wait();
  return all;
}

}  // namespace peakstorm::cluster
