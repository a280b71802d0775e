/// For files that are written line by line, as a library's writer would not.
#pragma once

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <string>
#include <string_view>

namespace peakstorm {

/// In quotes and escaped.
inline std::string json_string(std::string_view text) {
  return boost::json::serialize(boost::json::string(text));
}

}  // namespace peakstorm
