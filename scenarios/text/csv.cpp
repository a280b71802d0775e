#include "scenarios/text/csv.hpp"

#include <algorithm>
#include <optional>

#include "scenarios/text/fields.hpp"
#include "scenarios/text/utf8.hpp"

namespace peakstorm::scenarios {
namespace {

/// Reads record after record; `at_` never passes the end, and every call of `record` moves it.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {
    if (text_.substr(0, 3) == "\xef\xbb\xbf") at_ = 3;
  }

  CsvText read() {
    CsvText out;
    while (at_ < text_.size()) {
      if (text_[at_] == '#') {
        skip_line();
        continue;
      }
      fault_.reset();
      CsvRow row = record();
      const bool blank = row.size() == 1 && row.front().text.empty() && !quoted_;
      if (fault_) {
        out.faults.push_back(*fault_);
      } else if (!blank) {
        out.rows.push_back(std::move(row));
      }
    }
    return out;
  }

 private:
  [[nodiscard]] bool at_line_end() const { return at_ >= text_.size() || text_[at_] == '\n' || text_[at_] == '\r'; }
  void skip_line_end() {
    if (at_ >= text_.size()) return;
    at_ += text_.substr(at_, 2) == "\r\n" ? 2 : 1;
    ++line_;
  }
  void skip_line() {
    while (!at_line_end()) ++at_;
    skip_line_end();
  }
  void complain(int line, std::string message, std::string cure) {
    if (!fault_) fault_ = CsvFault{line, std::move(message), std::move(cure)};
  }

  CsvRow record() {
    CsvRow row;
    quoted_ = false;
    while (true) {
      row.push_back(cell());
      check(row.back());
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        continue;
      }
      skip_line_end();
      return row;
    }
  }

  CsvCell cell() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    if (at_ < text_.size() && text_[at_] == '"') return quoted_cell();
    const std::size_t begin = at_;
    while (!at_line_end() && text_[at_] != ',') ++at_;
    const std::string_view plain = trim(text_.substr(begin, at_ - begin));
    if (plain.find('"') != std::string_view::npos) {
      complain(line_, "a quote inside the unquoted cell " + in_quotes(plain),
               "put the whole cell in quotes and double the quotes inside it");
    }
    return {std::string(plain), line_};
  }

  CsvCell quoted_cell() {
    quoted_ = true;
    CsvCell cell{{}, line_};
    ++at_;
    while (at_ < text_.size()) {
      if (text_[at_] == '"') {
        if (text_.substr(at_, 2) != "\"\"") break;
        cell.text += '"';
        at_ += 2;
      } else if (at_line_end()) {
        cell.text += '\n';
        skip_line_end();
      } else {
        cell.text += text_[at_++];
      }
    }
    if (at_ >= text_.size()) {
      complain(cell.line, "the quote is never closed", "close the cell with a quote");
      return cell;
    }
    ++at_;
    const std::size_t begin = at_;
    while (!at_line_end() && text_[at_] != ',') ++at_;
    if (!trim(text_.substr(begin, at_ - begin)).empty()) {
      complain(line_, "text after the closing quote: " + in_quotes(text_.substr(begin, at_ - begin)),
               "double the quotes inside a quoted cell");
    }
    return cell;
  }

  void check(const CsvCell& cell) {
    const auto control = [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
    };
    if (cell.text.size() > csv_cell_max) {
      complain(cell.line, "a cell of " + std::to_string(cell.text.size()) + " bytes",
               "look for a missing quote; cells hold at most " + std::to_string(csv_cell_max) + " bytes");
    } else if (std::any_of(cell.text.begin(), cell.text.end(), control)) {
      complain(cell.line, "a control character in " + in_quotes(cell.text), "save the table as plain UTF-8 text");
    } else if (!is_utf8(cell.text)) {
      complain(cell.line, "bytes that are not UTF-8", "save the table as plain UTF-8 text");
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool quoted_ = false;  ///< The current record has a quoted cell, so that "" alone is a row, not a blank line.
  std::optional<CsvFault> fault_;
};

}  // namespace

CsvText read_csv(std::string_view text) {
  return Reader(text).read();
}

}  // namespace peakstorm::scenarios
