#include "engine/flow/chain.hpp"

namespace peakstorm::flow {
namespace {

// One store for the process: blocks are taken by the partition that fills a container and given back by the one
// that empties it, and replications follow each other.
struct Shelf {
  std::mutex mutex;
  std::vector<void*> blocks;
  ~Shelf() {
    for (void* block : blocks) ::operator delete(block);
  }
};

Shelf& shelf() {
  static Shelf the_shelf;
  return the_shelf;
}

}  // namespace

void* BlockStore::take() {
  Shelf& s = shelf();
  {
    const std::lock_guard lock(s.mutex);
    if (!s.blocks.empty()) {
      void* const block = s.blocks.back();
      s.blocks.pop_back();
      return block;
    }
  }
  return ::operator new(block_bytes);
}

void BlockStore::give(void* block) {
  Shelf& s = shelf();
  const std::lock_guard lock(s.mutex);
  s.blocks.push_back(block);
}

void BlockStore::release() {
  Shelf& s = shelf();
  const std::lock_guard lock(s.mutex);
  for (void* block : s.blocks) ::operator delete(block);
  std::vector<void*>().swap(s.blocks);
}

}  // namespace peakstorm::flow
