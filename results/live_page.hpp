/// The page that follows a run while it goes on: complete HTML that asks where it came from for /state.json once a
/// second, and offers /report.html when the run is over. Nothing else is loaded.
#pragma once

#include <string>

namespace peakstorm {

/// In English and Spanish; the browser's language decides, the reader may change it.
std::string live_page();

}  // namespace peakstorm
