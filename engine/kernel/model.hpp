/// What the kernel asks of a model.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "engine/archive.hpp"
#include "engine/kernel/event.hpp"
#include "engine/kernel/outbox.hpp"

namespace peakstorm::kernel {

/// A model is a set of logical processes. Besides `handle`, every function is constant during the run,
/// cheap (it is asked for every event) and called from any thread.
///
///   Payload          what an event says; trivially copyable, at most 32 bytes. It may be an index or pointer
///                    to memory of the model; see save_payload() below.
///   lp_count()       how many processes; at least 1.
///   name(lp)         for messages.
///   name_hash(lp)    hash64 of a stable name, different for every process. It breaks ties, so it must not
///                    depend on the order in which a file lists the processes. Processes may share one when it does
///                    not matter in which order their events come at one instant.
///   lookahead(lp)    > 0: least delay of anything the process ever sends to another process. The window
///                    is the least of them (Chandy & Misra 1979), so one impatient process slows everybody.
///   handle(event, outbox)
///                    applies one event: reads and changes the state of event.target only. Events of a
///                    partition come from one thread at a time, in EventOrder.
///
/// Optional:
///   prefetch(lp)     asks the cache for the state of a process whose event comes soon.
///   save_payload(payload, archive), load_payload(archive), drop_payload(payload)
///                    for several ranks and for checkpoints, when a payload stands for memory of the model: save
///                    writes a copy of what belongs to it, load makes a payload of what save wrote (of damaged bytes
///                    any payload), and drop lets go of it. Other payloads are archived as they are. Called on the
///                    thread that runs the engine.
///   save_state(lp, archive), load_state(lp, archive)
///                    for checkpoints: the state of one process. load is called on a model as it was made, at most
///                    once per process, on the thread that runs the engine.
///   work_done(partition)
///                    units of work that handlers have done so far for processes of a partition, whatever the model
///                    takes for a unit. Asked around each event, on its thread, and only when a Probe watches.
template <class M>
concept Model = std::is_trivially_copyable_v<typename M::Payload> && sizeof(typename M::Payload) <= 32 &&
                requires(M& model, const M& constant, LpId lp, const Event<typename M::Payload>& event,
                         Outbox<typename M::Payload>& outbox) {
  { constant.lp_count() } -> std::convertible_to<std::size_t>;
  { constant.name_hash(lp) } -> std::convertible_to<std::uint64_t>;
  { constant.name(lp) } -> std::convertible_to<std::string>;
  { constant.lookahead(lp) } -> std::convertible_to<SimDuration>;
  model.handle(event, outbox);
};

template <class M>
concept OwnsItsPayloads = Model<M> &&
    requires(M& model, const typename M::Payload& payload, ArchiveWriter& writer, ArchiveReader& reader) {
  model.save_payload(payload, writer);
  { model.load_payload(reader) } -> std::same_as<typename M::Payload>;
  model.drop_payload(payload);
};

template <class M>
concept SavesItsState = Model<M> && requires(M& model, LpId lp, ArchiveWriter& writer, ArchiveReader& reader) {
  model.save_state(lp, writer);
  model.load_state(lp, reader);
};

template <class M>
concept CountsItsWork = Model<M> && requires(const M& model, std::size_t partition) {
  { model.work_done(partition) } -> std::same_as<std::uint64_t>;
};

template <class M>
concept PrefetchesState = Model<M> && requires(const M& model, LpId lp) {
  model.prefetch(lp);
};

}  // namespace peakstorm::kernel
