#include "adapters/wire/template_file.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "adapters/wire/template/proto.hpp"
#include "adapters/wire/text.hpp"

namespace peakstorm::wire {
namespace {

constexpr std::size_t file_bytes_max = 1U << 20U;

/// A profile with the text its views point to.
struct OwnedProfile {
  std::deque<std::string> texts;  // A deque does not move what it holds.
  Profile profile;
  std::string_view keep(std::string_view text) { return texts.emplace_back(text); }
};

bool equal_without_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t\r");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

class FileParser {
 public:
  FileParser(std::string_view text, std::string_view file)
      : text_(text), file_(file), owned_(std::make_shared<OwnedProfile>()) {}

  Result<std::shared_ptr<const Profile>> parse() {
    Profile& profile = owned_->profile;
    profile.name = owned_->keep("template:" + std::string(file_));
    profile.path = "/webhooks/template";
    profile.needs_secret = false;
    for (std::size_t i = 1; i < scan_kind_end; ++i) {
      profile.words[i] = {scan_kind_names[i], "", "", static_cast<ScanKind>(i)};
    }
    const std::size_t first = text_.find_first_not_of(" \t\r\n");
    const bool whole_request = first != std::string_view::npos && text_[first] >= 'A' && text_[first] <= 'Z';
    if (whole_request && !head()) return tl::unexpected(*error_);
    if (!has_type_) {
      profile.headers = std::string("Content-Type: ") + (protobuf_ ? "application/x-protobuf" : "application/json") +
                        "\n" + profile.headers;
    }
    if (protobuf_) {
      auto body = protobuf_->compile(text_, file_, line_, profile.words);
      if (!body) return tl::unexpected(body.error());
      profile.binary = std::move(*body);
      return std::shared_ptr<const Profile>(owned_, &owned_->profile);
    }
    profile.body = text_;
    if (auto body = compile_json(profile.body, file_, line_); !body) return tl::unexpected(body.error());
    return std::shared_ptr<const Profile>(owned_, &owned_->profile);
  }

 private:
  bool wrong(std::size_t column, const std::string& what) {
    error_ = Error{ErrorKind::bad_input,
                   std::string(file_) + ":" + std::to_string(line_) + ":" + std::to_string(column) + ": " + what};
    return false;
  }

  /// Takes the next line off the text.
  std::string_view take_line() {
    const std::size_t end = text_.find('\n');
    std::string_view line = text_.substr(0, end);
    text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  bool head() {
    while (trimmed(text_.substr(0, text_.find('\n'))).empty()) {
      take_line();
      ++line_;
    }
    const std::string_view request = take_line();
    const std::size_t space = request.find(' ');
    const std::string_view method = request.substr(0, space);
    if (method != "POST" && method != "PUT" && method != "PATCH") {
      return wrong(1, "the first line is no request; write it as POST /path, or begin with the JSON of the body");
    }
    const std::string_view path = space == std::string_view::npos ? "" : trimmed(request.substr(space));
    if (!path.starts_with('/') || path.find_first_of(" \t{") != std::string_view::npos) {
      return wrong(method.size() + 2, "the path begins with '/' and has neither blanks nor placeholders");
    }
    owned_->profile.method = owned_->keep(method);
    owned_->profile.path = owned_->keep(path);
    while (true) {
      ++line_;
      if (text_.empty()) return wrong(1, "the body is missing; leave a line empty and write its JSON");
      const std::string_view line = take_line();
      if (trimmed(line).empty()) break;
      if (!header(line)) return false;
    }
    ++line_;
    return true;
  }

  bool header(std::string_view line) {
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    if (colon == std::string_view::npos || !is_token(name)) {
      return wrong(1, "this is no header; write Name: value, and leave a line empty before the body");
    }
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (equal_without_case(name, "Peakstorm-Words")) return words(value);
    if (equal_without_case(name, "Peakstorm-Signature")) return signature(value);
    if (equal_without_case(name, "Peakstorm-Accept")) return accept(value);
    if (equal_without_case(name, "Peakstorm-Protobuf")) return protobuf(value, name.size() + 3);
    if (name.size() > 10 && equal_without_case(name.substr(0, 10), "Peakstorm-")) {
      return wrong(1, "unknown instruction '" + std::string(name) +
                          "'; there are Peakstorm-Words, Peakstorm-Signature, Peakstorm-Accept and Peakstorm-Protobuf");
    }
    for (const std::string_view ours : {"Host", "Content-Length", "Connection", "Transfer-Encoding"}) {
      if (equal_without_case(name, ours))
        return wrong(1, std::string(name) + " is written by the sender; leave it out");
    }
    if (std::any_of(value.begin(), value.end(), [](char c) { return c < 0x20 || c > 0x7e; })) {
      return wrong(name.size() + 3, "a header has printable ASCII only; percent-encode the rest");
    }
    if (auto fields = compile_text(line, Escape::percent, file_, line_); !fields) {
      error_ = fields.error();
      return false;
    }
    if (equal_without_case(name, "Content-Type")) has_type_ = true;
    owned_->profile.headers.append(name).append(": ").append(value).append("\n");
    return true;
  }

  /// The blank-separated pieces of a value.
  static std::vector<std::string_view> pieces(std::string_view value) {
    std::vector<std::string_view> all;
    while (!(value = trimmed(value)).empty()) {
      const std::size_t end = std::min(value.find_first_of(" \t"), value.size());
      all.push_back(value.substr(0, end));
      value.remove_prefix(end);
    }
    return all;
  }

  bool words(std::string_view value) {
    Vocabulary& table = owned_->profile.words;
    table = {};
    for (const std::string_view piece : pieces(value)) {
      const std::size_t equals = piece.find('=');
      const auto kind = kind_of_name(piece.substr(0, equals));
      if (!kind || equals == std::string_view::npos || equals + 1 == piece.size()) {
        return wrong(1, "'" + std::string(piece) + "' is not KIND=WORD with a kind such as " + scan_kind_names[1] +
                            " or delivered");
      }
      const std::string_view word = owned_->keep(piece.substr(equals + 1));
      if (!table[index(*kind)].status.empty()) {
        return wrong(1, "kind " + std::string(piece.substr(0, equals)) + " has two words; leave one");
      }
      const auto same =
          std::find_if(table.begin(), table.end(), [&](const Words& w) { return w.shown && w.status == word; });
      table[index(*kind)] = {word, "", "", same == table.end() ? kind : same->shown};
    }
    return true;
  }

  bool signature(std::string_view value) {
    SignatureRule& rule = owned_->profile.signatures[0];
    rule.algorithm = SignatureRule::Algorithm::hmac_sha256;
    owned_->profile.needs_secret = true;
    for (const std::string_view piece : pieces(value)) {
      const std::size_t equals = piece.find('=');
      const std::string_view key = piece.substr(0, equals);
      const std::string_view what = owned_->keep(equals == std::string_view::npos ? "" : piece.substr(equals + 1));
      if (key == "header" && is_token(what)) {
        rule.header = what;
      } else if (key == "encoding" && (what == "hex" || what == "base64")) {
        rule.encoding = what == "hex" ? SignatureRule::Encoding::hex : SignatureRule::Encoding::base64;
      } else if (key == "prefix") {
        rule.before = what;
      } else if (key == "over" && canonical(what)) {
        rule.canonical = what;
      } else if (key == "time" && (what == "unix" || what == "rfc3339")) {
        rule.time = what == "unix" ? SignatureRule::Time::unix_s : SignatureRule::Time::rfc3339;
      } else if (key == "time-header" && is_token(what)) {
        rule.time_header = what;
      } else {
        return wrong(1, "'" + std::string(piece) +
                            "' is no part of a signature; write header=NAME encoding=hex|base64 prefix=TEXT "
                            "over={t}.{body} time=unix|rfc3339 time-header=NAME");
      }
    }
    if (rule.header.empty()) return wrong(1, "the signature needs a header; write header=NAME");
    return true;
  }
  static bool canonical(std::string_view text) {
    while (!text.empty()) {
      const std::size_t open = text.find_first_of("{}");
      if (open == std::string_view::npos) return true;
      const std::size_t close = text.find('}', open);
      if (text[open] == '}' || close == std::string_view::npos) return false;
      const std::string_view name = text.substr(open + 1, close - open - 1);
      if (name != "body" && name != "t" && name != "method" && name != "path") return false;
      text.remove_prefix(close + 1);
    }
    return true;
  }

  /// "FILE MESSAGE": the file is looked for beside the template.
  bool protobuf(std::string_view value, std::size_t column) {
    const auto parts = pieces(value);
    if (parts.size() != 2) {
      return wrong(column, "name the .proto and the message, for instance tracking.proto acme.tracking.v1.Scan");
    }
    const std::filesystem::path folder = std::filesystem::path(file_).parent_path();
    auto message = ProtoMessage::read((folder / parts[0]).string(), folder.string(), parts[1]);
    if (!message) return wrong(column, message.error().message);
    protobuf_.emplace(std::move(*message));
    return true;
  }

  bool accept(std::string_view value) {
    auto& success = owned_->profile.success;
    const auto codes = pieces(value);
    if (codes.empty() || codes.size() > success.size()) {
      return wrong(1, "name one to " + std::to_string(success.size()) + " status codes; without the line 2xx is taken");
    }
    for (std::size_t i = 0; i < codes.size(); ++i) {
      const char* end = codes[i].data() + codes[i].size();
      const auto [stop, fault] = std::from_chars(codes[i].data(), end, success[i]);
      if (fault != std::errc() || stop != end || success[i] < 200 || success[i] > 299) {
        return wrong(1, "'" + std::string(codes[i]) + "' is no status code of success; use 200 to 299");
      }
    }
    return true;
  }

  std::string_view text_;
  std::string_view file_;
  std::shared_ptr<OwnedProfile> owned_;
  int line_ = 1;
  bool has_type_ = false;
  std::optional<ProtoMessage> protobuf_;
  std::optional<Error> error_;
};

}  // namespace

Result<std::shared_ptr<const Profile>> parse_template(std::string_view text, std::string_view file) {
  return FileParser(text, file).parse();
}

Result<std::shared_ptr<const Profile>> read_template_file(std::string_view path) {
  const std::string name(path);
  std::ifstream file(name, std::ios::binary);
  if (!file) return fail(ErrorKind::bad_input, name + ": the template cannot be read; check the path");
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (text.size() > file_bytes_max) return fail(ErrorKind::bad_input, name + ": longer than 1 MiB; is it a template?");
  return parse_template(text, name);
}

}  // namespace peakstorm::wire
