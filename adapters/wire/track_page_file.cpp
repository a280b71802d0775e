#include <toml++/toml.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "adapters/track_page.hpp"

namespace peakstorm::wire {
namespace {

constexpr std::size_t file_bytes_max = 1U << 20U;

/// Reads one file; the first fault ends it.
class PageFile {
 public:
  explicit PageFile(std::string_view file) : file_(file), page_(std::make_shared<TrackPage>()) {}

  Result<std::shared_ptr<const TrackPage>> read(std::string_view text) {
    toml::table root;
    try {
      root = toml::parse(text);
    } catch (const toml::parse_error& error) {
      wrong(error.source(), std::string(error.description()) + "; mend the TOML syntax");
      return tl::unexpected(*error_);
    }
    known_keys(root, "", {"words", "status_words", "request", "parcel", "scan"});
    if (const auto* request = table(root, "request")) read_request(*request);
    if (const auto* parcel = table(root, "parcel")) read_parcel(*parcel);
    if (const auto* scan = table(root, "scan")) read_scan(*scan);
    read_words(root, "words", page_->scan_words);
    page_->status_words = page_->scan_words;
    if (root.contains("status_words")) read_words(root, "status_words", page_->status_words);
    if (error_) return tl::unexpected(*error_);
    return std::shared_ptr<const TrackPage>(page_);
  }

 private:
  void wrong(const toml::source_region& where, const std::string& what) {
    if (error_) return;
    std::string message(file_);
    if (where.begin.line > 0) {
      message += ':' + std::to_string(where.begin.line) + ':' + std::to_string(where.begin.column);
    }
    error_ = Error{ErrorKind::bad_input, message + ": " + what};
  }

  void known_keys(const toml::table& table, const std::string& prefix, const std::set<std::string_view>& keys) {
    for (const auto& [key, node] : table) {
      if (keys.count(key.str()) > 0) continue;
      std::string known;
      for (const std::string_view name : keys) known += (known.empty() ? "" : ", ") + std::string(name);
      wrong(key.source(), prefix + std::string(key.str()) + ": unknown; use one of " + known);
    }
  }

  const toml::table* table(const toml::table& root, std::string_view key) {
    const toml::node* node = root.get(key);
    if (node == nullptr) {
      wrong({}, "[" + std::string(key) + "]: the table is missing; add it");
      return nullptr;
    }
    if (!node->is_table())
      wrong(node->source(), std::string(key) + ": this is no table; write [" + std::string(key) + "]");
    return node->as_table();
  }

  /// None when it is absent or faulty.
  std::optional<std::string> text(const toml::table& table, const std::string& prefix, std::string_view key,
                                  bool needed = false) {
    const toml::node* node = table.get(key);
    const std::string name = prefix + std::string(key);
    if (node == nullptr) {
      if (needed) wrong(table.source(), name + ": the key is missing; add it");
      return std::nullopt;
    }
    if (const auto* value = node->as_string()) return value->get();
    wrong(node->source(), name + ": this is not a text; write it in quotes");
    return std::nullopt;
  }

  void check_pointer(const toml::node& node, const std::string& name, const std::string& pointer) {
    bool fits = pointer.empty() || pointer.front() == '/';
    for (std::size_t at = pointer.find('~'); fits && at != std::string::npos; at = pointer.find('~', at + 1)) {
      fits = at + 1 < pointer.size() && (pointer[at + 1] == '0' || pointer[at + 1] == '1');
    }
    if (!fits) {
      wrong(node.source(),
            name + ": '" + pointer + "' is no JSON pointer; write for instance \"/events\" or \"/0/at\"");
    }
  }

  std::optional<std::string> pointer(const toml::table& table, const std::string& prefix, std::string_view key,
                                     bool needed = false) {
    auto value = text(table, prefix, key, needed);
    if (value) check_pointer(*table.get(key), prefix + std::string(key), *value);
    return value;
  }

  /// One pointer, or several in brackets.
  void pointers(const toml::table& table, const std::string& prefix, std::string_view key,
                std::vector<std::string>& out) {
    const toml::node* node = table.get(key);
    const auto* list = node == nullptr ? nullptr : node->as_array();
    if (list == nullptr) {
      if (auto one = pointer(table, prefix, key, true)) out = {std::move(*one)};
      return;
    }
    out.clear();
    for (const toml::node& entry : *list) {
      const auto* value = entry.as_string();
      if (value == nullptr) {
        wrong(entry.source(), prefix + std::string(key) + ": this is not a text; write the pointer in quotes");
        return;
      }
      check_pointer(entry, prefix + std::string(key), value->get());
      out.push_back(value->get());
    }
    if (out.empty()) wrong(list->source(), prefix + std::string(key) + ": the list is empty; name a pointer");
  }

  void read_request(const toml::table& request) {
    known_keys(request, "request.", {"method", "path", "body", "not_found", "headers"});
    if (auto method = text(request, "request.", "method")) page_->method = std::move(*method);
    if (page_->method != "GET" && page_->method != "POST") {
      wrong(request.get("method")->source(), "request.method: '" + page_->method + "' is neither GET nor POST");
    }
    const auto path = text(request, "request.", "path", true);
    if (path) page_->path = *path;
    const bool printable =
        std::all_of(page_->path.begin(), page_->path.end(), [](char c) { return c > ' ' && c < '\x7f'; });
    if (path && (!page_->path.starts_with('/') || !printable)) {
      wrong(
          request.get("path")->source(),
          "request.path: a path begins with '/' and has neither blanks nor letters beyond ASCII; percent-encode them");
    }
    if (auto body = text(request, "request.", "body")) {
      if (page_->method == "GET")
        wrong(request.get("body")->source(), "request.body: GET has none; set method = \"POST\"");
      page_->body = std::move(*body);
      page_->headers += "Content-Type: application/json\r\n";
    }
    if (path && page_->path.find("{number}") == std::string::npos &&
        page_->body.find("{number}") == std::string::npos) {
      wrong(request.get("path")->source(),
            "request.path: {number} is missing, so every parcel would get the same page; write for instance "
            "\"/parcels/{number}\"");
    }
    read_not_found(request);
    const toml::node* headers = request.get("headers");
    if (headers == nullptr) return;
    if (!headers->is_table()) {
      wrong(headers->source(), "request.headers: this is no table; write headers = { Name = \"value\" }");
      return;
    }
    for (const auto& [name, value] : *headers->as_table()) header(name, value);
  }

  void read_not_found(const toml::table& request) {
    const toml::node* node = request.get("not_found");
    if (node == nullptr) return;
    page_->not_found.clear();
    const auto* list = node->as_array();
    if (list == nullptr) return wrong(node->source(), "request.not_found: this is no list; write [404]");
    for (const toml::node& entry : *list) {
      const std::int64_t code = entry.value<std::int64_t>().value_or(0);
      if (code < 400 || code > 499) {
        return wrong(entry.source(), "request.not_found: a status code from 400 to 499 is meant");
      }
      page_->not_found.push_back(static_cast<unsigned>(code));
    }
  }

  void header(const toml::key& name, const toml::node& node) {
    const std::string key = "request.headers." + std::string(name.str());
    const auto* value = node.as_string();
    if (value == nullptr) return wrong(node.source(), key + ": this is not a text; write it in quotes");
    const bool is_token = !name.str().empty() && std::all_of(name.str().begin(), name.str().end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    if (!is_token) return wrong(name.source(), key + ": a header's name has letters, digits and '-'");
    constexpr std::string_view open = "{env:";
    std::string filled;
    std::string_view rest = value->get();
    for (std::size_t at = rest.find(open); at != std::string_view::npos; at = rest.find(open)) {
      const std::size_t close = rest.find('}', at);
      if (close == std::string_view::npos) return wrong(node.source(), key + ": '{env:' is not closed; add the '}'");
      const std::string variable(rest.substr(at + open.size(), close - at - open.size()));
      const char* found = std::getenv(variable.c_str());
      if (found == nullptr) {
        return wrong(node.source(), key + ": the environment has no " + variable + "; set it before the run");
      }
      filled += rest.substr(0, at);
      filled += found;
      rest.remove_prefix(close + 1);
    }
    filled += rest;
    if (std::any_of(filled.begin(), filled.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; })) {
      return wrong(node.source(), key + ": a header's value is one line without control characters");
    }
    // A second Accept beside ours would leave the choice to chance.
    if (name.str() == "Accept" || name.str() == "accept") page_->headers.erase(0, page_->headers.find('\n') + 1);
    page_->headers += std::string(name.str()) + ": " + filled + "\r\n";
  }

  void read_parcel(const toml::table& parcel) {
    known_keys(parcel, "parcel.", {"root", "status", "scans", "delivered_at", "promise_date", "estimated_date"});
    page_->root = pointer(parcel, "parcel.", "root").value_or("");
    pointers(parcel, "parcel.", "status", page_->status);
    page_->scans = pointer(parcel, "parcel.", "scans", true).value_or("");
    page_->delivered_at = pointer(parcel, "parcel.", "delivered_at");
    page_->promise_date = pointer(parcel, "parcel.", "promise_date");
    page_->estimated_date = pointer(parcel, "parcel.", "estimated_date");
  }

  void read_scan(const toml::table& scan) {
    known_keys(scan, "scan.", {"at", "kind", "place", "instants", "precision"});
    page_->scan_at = pointer(scan, "scan.", "at", true).value_or("");
    pointers(scan, "scan.", "kind", page_->scan_kind);
    page_->scan_place = pointer(scan, "scan.", "place");
    if (const auto instants = text(scan, "scan.", "instants")) {
      if (*instants == "unix_s") {
        page_->instants = TrackPage::Instants::unix_s;
      } else if (*instants == "unix_ms") {
        page_->instants = TrackPage::Instants::unix_ms;
      } else if (*instants != "rfc3339") {
        wrong(scan.get("instants")->source(),
              "scan.instants: '" + *instants + "' is unknown; use rfc3339, unix_s or unix_ms");
      }
    }
    if (const auto precision = text(scan, "scan.", "precision")) {
      if (*precision == "second") {
        page_->precision_ms = 1'000;
      } else if (*precision == "minute") {
        page_->precision_ms = 60'000;
      } else if (*precision != "millisecond") {
        wrong(scan.get("precision")->source(),
              "scan.precision: '" + *precision + "' is unknown; use millisecond, second or minute");
      }
    }
  }

  void read_words(const toml::table& root, const std::string& key, PageWords& out) {
    out = {};
    const toml::node* node = root.get(key);
    if (node == nullptr) {
      out = own_track_page().scan_words;
      return;
    }
    if (const auto* name = node->as_string()) {
      if (name->get() != "easypost") {
        return wrong(node->source(),
                     key + ": '" + name->get() + "' is unknown; use \"easypost\", or a table [" + key + "]");
      }
      out.easypost = true;
      out.shown = easypost_shown();
      return;
    }
    if (!node->is_table()) return wrong(node->source(), key + ": write a table [" + key + "] of word = kind");
    for (const auto& [word, kinds] : *node->as_table()) read_word(key, word, kinds, out);
    if (out.kinds.empty()) wrong(node->source(), key + ": the table is empty; write word = kind");
  }

  void read_word(const std::string& table, const toml::key& word, const toml::node& node, PageWords& out) {
    const std::string key = table + "." + std::string(word.str());
    std::optional<ScanKind> first;
    const auto read = [&](const toml::node& entry) {
      const auto* name = entry.as_string();
      const auto kind = name == nullptr ? std::nullopt : kind_of_name(name->get());
      if (!kind) {
        std::string known;
        for (std::size_t i = 1; i < scan_kind_end; ++i) known += (i > 1 ? ", " : "") + std::string(scan_kind_names[i]);
        return wrong(entry.source(), key + ": " + (name == nullptr ? "this" : "'" + name->get() + "'") +
                                         " is no kind of scan; use one of " + known);
      }
      if (!first) first = kind;
      // Several words for one kind are fine as long as all of them read back as the same.
      auto& shown = out.shown[static_cast<std::size_t>(*kind)];
      if (shown && shown != first) {
        return wrong(entry.source(), key + ": '" + name->get() +
                                         "' stands in another word too, which reads back as something else; leave it "
                                         "in the one that the platform shows for it");
      }
      shown = first;
    };
    if (const auto* list = node.as_array()) {
      for (const toml::node& entry : *list) read(entry);
    } else {
      read(node);
    }
    out.kinds.emplace_back(word.str(), first);
  }

  std::string_view file_;
  std::shared_ptr<TrackPage> page_;
  std::optional<Error> error_;
};

}  // namespace

Result<std::shared_ptr<const TrackPage>> parse_track_page(std::string_view text, std::string_view file) {
  return PageFile(file).read(text);
}

Result<std::shared_ptr<const TrackPage>> read_track_page_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) {
    return fail(ErrorKind::bad_input, path + ": the description of the tracking page cannot be read; check the path");
  }
  if (text.size() > file_bytes_max) {
    return fail(ErrorKind::bad_input, path + ": longer than 1 MiB; is it the description of a page?");
  }
  return parse_track_page(text, path);
}

}  // namespace peakstorm::wire
