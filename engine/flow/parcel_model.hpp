/// The parcel network as a model of the kernel.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/archive.hpp"
#include "engine/flow/context.hpp"
#include "engine/flow/facility.hpp"
#include "engine/flow/ledger.hpp"
#include "engine/flow/ship_node.hpp"
#include "engine/kernel/engine.hpp"

namespace peakstorm::flow {

/// Processes: facilities first, then ship nodes; a process has the number of its place.
class ParcelModel {
 public:
  using Payload = flow::Payload;

  explicit ParcelModel(const Context& context) : context_(context) {
    for (std::size_t f = 0; f < context.world.facilities.size(); ++f) {
      facilities_.push_back(std::make_unique<FacilityProcess>(context, FacilityId{static_cast<std::uint16_t>(f)}));
    }
    for (std::size_t n = 0; n < context.world.nodes.size(); ++n) {
      nodes_.push_back(std::make_unique<NodeProcess>(context, ShipNodeId{static_cast<std::uint16_t>(n)}));
    }
    for (const auto& facility : facilities_) lookahead_.push_back(facility->lookahead());
    for (const auto& node : nodes_) lookahead_.push_back(node->lookahead());
  }

  [[nodiscard]] std::size_t lp_count() const { return lookahead_.size(); }
  /// The nodes of all companions share that of their name: which companion it is, and thus who else rides along, must
  /// not be in the order of events. In which order those of several come does not matter.
  [[nodiscard]] std::uint64_t name_hash(kernel::LpId lp) const {
    const std::uint64_t name = context_.place_hash[index(lp)];
    if (index(lp) < facilities_.size()) return name;
    const ShipNodeId node{static_cast<std::uint16_t>(index(lp) - facilities_.size())};
    return context_.is_companions(node) ? mix64(name) : name;
  }
  [[nodiscard]] std::string name(kernel::LpId lp) const {
    return context_.world.place_name(PlaceId{static_cast<std::uint16_t>(lp)});
  }
  [[nodiscard]] SimDuration lookahead(kernel::LpId lp) const { return lookahead_[index(lp)]; }

  void handle(const Event& event, Outbox& outbox) {
    Ledger& ledger = *ledgers[outbox.partition()];
    const std::size_t lp = index(event.target);
    if (lp < facilities_.size()) {
      facilities_[lp]->handle(event, outbox, ledger);
    } else {
      nodes_[lp - facilities_.size()]->handle(event, outbox, ledger);
    }
  }

  void save_payload(const Payload& payload, ArchiveWriter& archive) const {
    archive(payload.which, payload.happening, payload.container != nullptr);
    if (payload.container != nullptr) archive(*payload.container);
  }
  Payload load_payload(ArchiveReader& archive) const {
    Payload payload;
    bool has_container = false;
    archive(payload.which, payload.happening, has_container);
    if (!has_container) return payload;
    auto container = std::make_unique<Container>();
    archive(*container);
    payload.container = container.release();
    return payload;
  }
  void drop_payload(const Payload& payload) const { delete payload.container; }
  void save_state(kernel::LpId lp, ArchiveWriter& archive) const { transfer(lp, archive); }
  void load_state(kernel::LpId lp, ArchiveReader& archive) const { transfer(lp, archive); }

  /// A unit of work is a scan.
  [[nodiscard]] std::uint64_t work_done(std::size_t partition) const { return ledgers[partition]->scans; }

  [[nodiscard]] std::vector<std::unique_ptr<FacilityProcess>>& facilities() { return facilities_; }
  [[nodiscard]] std::vector<std::unique_ptr<NodeProcess>>& nodes() { return nodes_; }

  std::vector<std::unique_ptr<Ledger>> ledgers;  ///< By partition; none for those of other ranks.

 private:
  template <class Archive>
  void transfer(kernel::LpId lp, Archive& archive) const {
    if (index(lp) < facilities_.size()) {
      facilities_[index(lp)]->transfer(archive);
    } else {
      nodes_[index(lp) - facilities_.size()]->transfer(archive);
    }
  }
  const Context& context_;
  std::vector<std::unique_ptr<FacilityProcess>> facilities_;
  std::vector<std::unique_ptr<NodeProcess>> nodes_;
  std::vector<SimDuration> lookahead_;
};

}  // namespace peakstorm::flow
