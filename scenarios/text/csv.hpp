/// RFC 4180 with line numbers. Stricter than most readers, because a table that is read differently from
/// how its author sees it gives a wrong number that looks right.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace peakstorm::scenarios {

struct CsvCell {
  std::string text;
  int line = 0;  ///< Where the cell begins; cells may hold line breaks.
};
using CsvRow = std::vector<CsvCell>;  ///< Never empty.

struct CsvFault {
  int line = 0;
  std::string message;
  std::string cure;
};

struct CsvText {
  std::vector<CsvRow> rows;  ///< In the order of the file, the header first; without comments and blank lines.
  std::vector<CsvFault> faults;
};

/// Longest cell that is accepted, bytes.
inline constexpr std::size_t csv_cell_max = 65'536;

/// Reads a whole file's text. Line ends are LF, CRLF or CR; a UTF-8 byte order mark is skipped; a line
/// that begins with '#' is a comment; blank lines are skipped. Unquoted cells lose the blanks around
/// them. Faults: NUL bytes and other control characters, broken UTF-8, quotes inside unquoted cells, text
/// after a closing quote, quotes never closed, cells longer than `csv_cell_max`. Rows with a fault are left out.
CsvText read_csv(std::string_view text);

}  // namespace peakstorm::scenarios
