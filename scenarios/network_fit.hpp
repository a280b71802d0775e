/// A carrier's network learnt from records of its legs: what drove from where to where, how long it took, and how long
/// the road alone would have taken. scenarios/fit/README.md describes the files, the method and what it reaches.
///
/// Functions neither throw nor touch shared state: any thread may call them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "scenarios/loader.hpp"

namespace peakstorm {

/// The files to learn from. Paths that are empty are not read.
struct NetworkSources {
  std::filesystem::path legs;  ///< CSV, a row per leg or per stage of a leg.
  std::filesystem::path map;   ///< TOML: which column is what.
  std::filesystem::path
      corridors;  ///< CSV, a row per pair of facilities: what is known of more legs than `legs` holds.
  std::filesystem::path facilities;  ///< CSV, a row per facility: name, region, volume, position.
};

struct FacilityRecord {
  std::string code;
  std::string region;  ///< Empty: not known.
  double pieces = 0;   ///< Relative volume; 0: not known.
  bool placed = false;
  double lat = 0;
  double lon = 0;
};

/// Legs between one pair of facilities.
struct CorridorRecord {
  std::size_t from = 0;  ///< Into NetworkRecords::facilities.
  std::size_t to = 0;
  std::size_t vehicle = 0;  ///< Into NetworkRecords::vehicles.
  double legs = 0;          ///< > 0.
  double ratio = 0;         ///< Median of time over road time; > 0.
  double road_minutes = 0;  ///< Median of whole legs; > 0.
  double km = 0;
};

struct LegRecord {
  std::size_t from = 0;
  std::size_t to = 0;
  std::size_t vehicle = 0;
  std::int64_t departed = -1;  ///< Minutes since 1970 on the local clock; -1: not known.
  double minutes = 0;          ///< Taken; > 0.
  double road_minutes = 0;     ///< Of the road alone; > 0.
  double km = 0;
  bool unseen = false;  ///< Kept from the fit, to be predicted.
  bool whole = false;   ///< Of stages: its row is known to be the leg's last.
};

struct NetworkRecords {
  std::string zone;     ///< IANA name.
  bool staged = false;  ///< Rows were stages: the last one of a leg may lie before its end.
  std::vector<std::string> vehicles;
  std::vector<FacilityRecord> facilities;  ///< Ascending by code.
  std::vector<CorridorRecord> corridors;   ///< Ascending by (from, to). Made of the legs when no file was given.
  std::vector<LegRecord> legs;             ///< In the order of the file.
  std::map<std::string, std::pair<double, double>> region_centres;  ///< Latitude and longitude.
  std::size_t rows = 0;                                             ///< Of `legs`.
  std::map<std::string, std::size_t> set_aside;                     ///< Rows of any file that were not used, by reason.
};

/// Reads and joins the files. Rows that say something impossible are set aside and counted; faults are what makes a
/// file useless: not there, no CSV or TOML, columns missing, no usable row.
tl::expected<NetworkRecords, std::vector<Fault>> read_network_records(const NetworkSources& sources);

/// What legs take. Predicted median of a whole leg: road minutes x ratio of the corridor.
struct NetworkFit {
  struct Corridor {
    std::size_t from = 0;
    std::size_t to = 0;
    double legs = 0;
    double km = 0;
    double p10 = 0;     ///< Minutes.
    double median = 0;  ///< Minutes; p10 <= median <= p90.
    double p90 = 0;     ///< Minutes.
  };
  std::vector<Corridor> corridors;    ///< Of NetworkRecords::corridors, in their order.
  std::vector<double> vehicle_ratio;  ///< Time over road time of a vehicle's legs, by vehicle.
  /// Legs at which a corridor's own median counts as much as its vehicle's: the variance of the median of one leg
  /// over the variance between corridors (empirical Bayes).
  double shrinkage_legs = 0;
  /// Share of what sets the way back apart from its vehicle's legs (logarithm of the ratio) that a corridor has as
  /// well: what is not known of a corridor itself is drawn from there. 0 to 1; 0 where few ways are known both ways.
  double shared_with_way_back = 0;
  /// Of a leg that is a tenth, two tenths, ... of its way along: what to multiply its ratio by; last, of whole legs.
  std::vector<double> stage_factor;
};

NetworkFit fit_network(const NetworkRecords& records);

/// How far predictions were from legs that the fit did not see.
struct NetworkErrors {
  struct Line {
    std::string name;
    std::size_t legs = 0;
    double mean_minutes = 0;    ///< Mean of |predicted median - taken|.
    double median_minutes = 0;  ///< Median of it.
  };
  std::vector<Line>
      lines;  ///< The fit first: corridors known, corridors unknown, all; then simpler predictions of the first.
  double coverage_80 = 0;  ///< Share of legs on known corridors between p10 and p90.
  std::size_t legs = 0;    ///< That were kept from the fit; with 0 the rest says nothing.
};

/// Fits again, and predicts the legs that are kept from the fit.
NetworkErrors errors_of(const NetworkRecords& records);

struct NetworkScenario {
  std::filesystem::path folder;  ///< Must not exist; its last part is the scenario's name and must be one.
  double orders_per_day = 10'000;
  std::uint32_t pieces_per_departure = 1'000;
};
struct WrittenNetwork {
  std::size_t facilities = 0;
  std::size_t lanes = 0;
  std::size_t departures_per_day = 0;
  std::string origin;           ///< The facility beside which the shipper's node stands.
  std::size_t unreachable = 0;  ///< Facilities left out because no way leads there from the origin.
  double placement_error =
      0;  ///< Median of |distance placed - distance wanted| / wanted over corridors; 0: all were placed.
};

/// Writes a scenario that `peakstorm check` accepts. Faults: the folder exists or cannot be written.
tl::expected<WrittenNetwork, Fault> write_network_scenario(const NetworkRecords& records, const NetworkFit& fit,
                                                           const NetworkScenario& scenario);

}  // namespace peakstorm
