/// Two run folders hold the same run: for tests that resume, or share work among ranks.
#pragma once

#include <filesystem>
#include <string>

namespace peakstorm::e2e {

/// What differs between two finished run folders; empty: nothing. Compares the stream files, the resolved world and the
/// inputs byte by byte, and every table of run.sqlite row by row, except how long the run took, on how many threads,
/// and what was typed; kernel windows are a matter of how the run was cut.
std::string difference(const std::filesystem::path& one, const std::filesystem::path& other);

/// A scenario of four thousand parcels (at scale 0.05) over 24 days in which something happens: a copy of the loader
/// tests' two-towns, with orders drawn instead of given. Goes away with the process.
std::string two_towns();

}  // namespace peakstorm::e2e
