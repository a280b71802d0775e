/// The work and the traffic of a World's processes, from what is planned for an ordinary day.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/flow/context.hpp"
#include "engine/partition/work_graph.hpp"
#include "engine/profile.hpp"

namespace peakstorm::partition {

/// What an event costs beside the scans it makes, in scans: about 11, measured where WorkCosts says.
inline constexpr double scans_per_event = WorkCosts{}.event_ns / WorkCosts{}.unit_ns;

/// Processes are facilities, then ship nodes, as in the simulation. Work in scans per day; bytes per day of
/// parcels and their containers.
///
/// Every order of a shipper's ordinary week goes by its tariff from its node over the load plan to its depot,
/// at the hours of an ordinary Tuesday. So the work is that of the very network, as exact as a pilot run of it (the
/// tests compare it with one), costs a fraction of a second once, needs no scale, and does not depend on luck.
/// Season, disruptions and queues are left out: they move work in time more than between places. The context's scale
/// counts, because events do not become fewer with it.
WorkGraph planned_flow(const flow::Context& context);

/// Partition of every process of the simulation: assign() of planned_flow(), with as many partitions as there are
/// processes for, at most `partitions`.
std::vector<std::uint32_t> partition_of_lp(const flow::Context& context, std::size_t partitions, std::size_t ranks);

}  // namespace peakstorm::partition
