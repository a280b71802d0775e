// Goal: the arrows of the house hold, so that a layer can be understood, tested and replaced alone.
// Method: one function reads every include of a set of files and returns what is wrong with them. It is
// run over the repository, and over small made-up sets that each break one rule.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// Path from the repository's root, with '/', to the file's text.
using Files = std::map<std::string, std::string>;

struct Include {
  std::string path;
  bool quoted = false;  ///< "own/header.hpp" rather than <library/header.hpp>.
  int line = 0;
};

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](auto prefix) { return text.starts_with(prefix); });
}

std::string layer_of(std::string_view path) {
  return std::string(path.substr(0, path.find('/')));
}
std::string folder_of(std::string_view path) {
  return std::string(path.substr(0, path.rfind('/')));
}
bool is_public_header(std::string_view path) {
  return path.ends_with(".hpp") && folder_of(path) == layer_of(path);
}

std::vector<Include> includes_of(const std::string& text) {
  static const std::regex directive(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> includes;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::smatch match;
    if (std::regex_search(line, match, directive)) includes.push_back({match[2], match[1] == "\"", number});
  }
  return includes;
}

/// The text with comments and literals blanked, so that a word in prose is not taken for a call.
std::string code_only(const std::string& text) {
  std::string code = text;
  enum class In { plain, line_comment, block_comment, string, character } in = In::plain;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    const char next = i + 1 < code.size() ? code[i + 1] : '\0';
    const bool after_digit = i > 0 && std::isdigit(static_cast<unsigned char>(code[i - 1])) != 0;
    switch (in) {
      case In::plain:
        if (c == '/' && next == '/') in = In::line_comment;
        if (c == '/' && next == '*') in = In::block_comment;
        if (c == '"') in = In::string;
        if (c == '\'' && !after_digit) in = In::character;  // 1'000 is a number.
        break;
      case In::line_comment:
        if (c == '\n') in = In::plain;
        break;
      case In::block_comment:
        if (c == '*' && next == '/') {
          code[i] = code[i + 1] = ' ';
          in = In::plain;
        }
        break;
      case In::string:
      case In::character:
        if (c == '\\') {
          code[i] = code[i + 1] = ' ';
          ++i;
        } else if (c == (in == In::string ? '"' : '\'')) {
          in = In::plain;
        }
        break;
    }
    if (in != In::plain && code[i] != '\n') code[i] = ' ';
  }
  return code;
}

/// Layers each folder may use. adapters/cli, bench and tests may use all four, tests bench as well.
bool may_use(const std::string& path, const std::string& wanted) {
  static const std::map<std::string, std::set<std::string>> arrows{
      {"engine", {"engine"}},
      {"scenarios", {"engine", "scenarios"}},
      {"results", {"engine", "results"}},
      {"adapters", {"engine", "scenarios", "adapters"}},
  };
  if (path.starts_with("adapters/cli/") || path.starts_with("bench/") || path.starts_with("tests/")) {
    return wanted == "engine" || wanted == "scenarios" || wanted == "results" || wanted == "adapters" ||
           wanted == layer_of(path) || (wanted == "bench" && path.starts_with("tests/"));
  }
  const auto arrow = arrows.find(layer_of(path));
  return arrow != arrows.end() && arrow->second.contains(wanted);
}

/// Why `path` may not include the library header `header`; empty when it may.
std::string_view library_fault(const std::string& path, const std::string& header) {
  const bool engine = path.starts_with("engine/");
  if (engine && (header == "fstream" || header == "iostream" || header == "filesystem")) {
    return "the engine does no input or output";
  }
  const bool socket = starts_with_any(header, {"sys/socket.h", "netinet/", "arpa/inet.h", "netdb.h", "boost/asio",
                                               "boost/beast", "openssl/ssl", "nghttp2/", "grpc"});
  if (socket && !starts_with_any(path, {"adapters/", "tests/", "bench/"})) {
    return "only adapters meet a socket";
  }
  const bool protobuf = header.starts_with("google/protobuf") || header.ends_with(".pb.h");
  if (protobuf && starts_with_any(path, {"engine/", "scenarios/"})) return "engine and scenarios know no Protobuf";
  if (header.starts_with("CLI/") && !starts_with_any(path, {"adapters/cli/", "tests/", "bench/"})) {
    return "only adapters/cli reads the command line";
  }
  return {};
}

/// Everything wrong with the files, one line each; empty when the arrows hold.
std::vector<std::string> faults_of(const Files& files) {
  std::vector<std::string> faults;
  std::map<std::string, std::map<std::string, std::string>> folder_uses;  // folder -> folder -> example
  for (const auto& [path, text] : files) {
    for (const auto& [header, quoted, line] : includes_of(text)) {
      const auto fault = [&, at = path + ":" + std::to_string(line) + ": includes " + header + ": "](auto why) {
        faults.push_back(at + std::string(why));
      };
      if (const auto why = library_fault(path, header); !why.empty()) fault(why);
      if (!quoted) continue;
      const bool generated = header.ends_with(".pb.h");
      if (!generated && (header.find('/') == std::string::npos || header.starts_with("."))) {
        fault("own headers are spelled from the repository's root");
        continue;
      }
      if (!generated && !files.contains(header)) {
        fault("there is no such file; libraries go in angle brackets");
        continue;
      }
      if (header.find('/') == std::string::npos) continue;
      const std::string layer = layer_of(path);
      const std::string wanted = layer_of(header);
      if (!may_use(path, wanted)) fault(layer + " may not use " + wanted);
      if (wanted != layer && layer != "tests" && layer != "bench" && folder_of(header) != wanted) {
        fault("headers of a sub-folder are private to their layer");
      }
      if (is_public_header(path) && wanted == layer && !is_public_header(header)) {
        fault("a public header may not need a private one");
      }
      // A folder offers the API that its rooms implement, and may assemble them: between a folder and its
      // own sub-folders only headers bind.
      const std::string here = folder_of(path);
      const std::string there = folder_of(header);
      const bool nested = here.starts_with(there + "/") || there.starts_with(here + "/");
      if (layer != "tests" && here != there && !(nested && path.ends_with(".cpp"))) {
        folder_uses[here].emplace(there, path + ":" + std::to_string(line));
      }
    }
    if (!path.starts_with("engine/")) continue;
    static const std::regex clock_or_chance(
        R"(\bnow\s*\(|\brandom_device\b|\b(s?rand|time|clock|getenv)\s*\(|\bstd::\w+_distribution\b)");
    std::istringstream lines(code_only(text));
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
      std::smatch match;
      if (std::regex_search(line, match, clock_or_chance)) {
        faults.push_back(path + ":" + std::to_string(number) + ": " + match.str() +
                         ": the engine reads no clock, no environment and no randomness but Philox");
      }
    }
  }
  for (const auto& [folder, uses] : folder_uses) {
    for (const auto& [other, place] : uses) {
      const auto back = folder_uses.find(other);
      if (folder < other && back != folder_uses.end() && back->second.contains(folder)) {
        faults.push_back(folder + " and " + other + " include each other: " + place + ", " + back->second.at(folder));
      }
    }
  }
  return faults;
}

Files repository() {
  const std::filesystem::path root = PEAKSTORM_SOURCE_DIR;
  Files files;
  for (const char* layer : {"engine", "scenarios", "results", "adapters", "bench", "tests"}) {
    auto walk = std::filesystem::recursive_directory_iterator(root / layer);
    for (auto entry = begin(walk); entry != end(walk); ++entry) {
      const auto& path = entry->path();
      if (path.filename() == "node_modules") entry.disable_recursion_pending();
      if (path.extension() != ".hpp" && path.extension() != ".cpp") continue;
      std::ifstream stream(path, std::ios::binary);
      std::ostringstream text;
      text << stream.rdbuf();
      files.emplace(std::filesystem::relative(path, root).generic_string(), text.str());
    }
  }
  return files;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

TEST(Layers, EveryIncludeOfTheRepositoryFollowsTheArrows) {
  const Files files = repository();
  ASSERT_TRUE(files.contains("engine/time.hpp"));
  ASSERT_TRUE(files.contains("tests/layers_test.cpp"));
  EXPECT_EQ(joined(faults_of(files)), "");
}

struct WrongSet {
  const char* name;
  Files files;
  const char* message;  ///< Part of the one expected fault.
};

class WrongIncludes : public ::testing::TestWithParam<WrongSet> {};

TEST_P(WrongIncludes, AreFound) {
  const auto faults = faults_of(GetParam().files);
  ASSERT_EQ(faults.size(), 1U) << joined(faults);
  EXPECT_NE(faults[0].find(GetParam().message), std::string::npos) << faults[0];
}

INSTANTIATE_TEST_SUITE_P(
    EachRule, WrongIncludes,
    ::testing::Values(
        WrongSet{"EngineUsesResults",
                 {{"engine/a.cpp", "#include \"results/b.hpp\"\n"}, {"results/b.hpp", ""}},
                 "engine/a.cpp:1: includes results/b.hpp: engine may not use results"},
        WrongSet{"AdaptersUseResults",
                 {{"adapters/a.hpp", "\n#include \"results/b.hpp\"\n"}, {"results/b.hpp", ""}},
                 "adapters/a.hpp:2: includes results/b.hpp: adapters may not use results"},
        WrongSet{"ResultsUseAdapters",
                 {{"results/reports/a.cpp", "#include \"adapters/b.hpp\"\n"}, {"adapters/b.hpp", ""}},
                 "results may not use adapters"},
        WrongSet{"ScenariosUseAdapters",
                 {{"scenarios/a.cpp", "#include \"adapters/b.hpp\"\n"}, {"adapters/b.hpp", ""}},
                 "scenarios may not use adapters"},
        WrongSet{"ProductUsesTests",
                 {{"adapters/cli/a.cpp", "#include \"tests/b.hpp\"\n"}, {"tests/b.hpp", ""}},
                 "adapters may not use tests"},
        WrongSet{"PrivateHeaderOfAnotherLayer",
                 {{"adapters/cli/a.cpp", "#include \"engine/kernel/b.hpp\"\n"}, {"engine/kernel/b.hpp", ""}},
                 "private to their layer"},
        WrongSet{"PublicHeaderNeedsPrivateOne",
                 {{"engine/a.hpp", "#include \"engine/kernel/b.hpp\"\n"}, {"engine/kernel/b.hpp", ""}},
                 "a public header may not need a private one"},
        WrongSet{"SpelledFromHere",
                 {{"engine/kernel/a.cpp", "#include \"b.hpp\"\n"}, {"engine/kernel/b.hpp", ""}},
                 "spelled from the repository's root"},
        WrongSet{"NoSuchFile", {{"engine/a.cpp", "#include \"engine/b.hpp\"\n"}}, "no such file"},
        WrongSet{"EngineReadsFiles", {{"engine/a.cpp", "#include <fstream>\n"}}, "no input or output"},
        WrongSet{"EngineHasASocket", {{"engine/a.cpp", "#include <boost/asio.hpp>\n"}}, "only adapters meet a socket"},
        WrongSet{"EngineKnowsProtobuf", {{"engine/a.cpp", "#include <google/protobuf/message.h>\n"}}, "no Protobuf"},
        WrongSet{"ScenariosReadFlags", {{"scenarios/a.cpp", "#include <CLI/CLI.hpp>\n"}}, "only adapters/cli"},
        WrongSet{"EngineReadsTheClock",
                 {{"engine/a.cpp", "// now() in prose is fine, \"now()\" too\nauto t = Clock::now();\n"}},
                 "engine/a.cpp:2: now("},
        WrongSet{"EngineDrawsChance", {{"engine/a.cpp", "std::random_device chance;\n"}}, "random_device"},
        WrongSet{"TwoFoldersIncludeEachOther",
                 {{"engine/flow/a.cpp", "#include \"engine/kernel/b.hpp\"\n"},
                  {"engine/kernel/b.hpp", ""},
                  {"engine/kernel/b.cpp", "#include \"engine/flow/a.hpp\"\n"},
                  {"engine/flow/a.hpp", ""}},
                 "engine/flow and engine/kernel include each other"},
        WrongSet{"AFolderAndItsRoomIncludeEachOther",
                 {{"adapters/wire/a.hpp", "#include \"adapters/wire/easypost/b.hpp\"\n"},
                  {"adapters/wire/easypost/b.hpp", "#include \"adapters/wire/a.hpp\"\n"}},
                 "adapters/wire and adapters/wire/easypost include each other"}),
    [](const auto& set) { return std::string(set.param.name); });

TEST(Layers, WhatTheArrowsAllowIsNoFault) {
  const Files files{
      {"engine/a.hpp", "#include <vector>\n"},
      {"engine/kernel/b.hpp", "#include \"engine/a.hpp\"\n"},
      {"engine/c.cpp", "#include \"engine/kernel/b.hpp\"\nconst auto big = 1'000 + 2'000;\n"},
      {"scenarios/d.hpp", "#include \"engine/a.hpp\"\n"},
      {"results/e.hpp", "#include \"engine/a.hpp\"\n"},
      {"results/store/f.cpp", "#include \"results/store/run.pb.h\"\n#include <google/protobuf/message.h>\n"},
      {"adapters/wire/easypost/j.hpp", ""},
      {"adapters/wire/easypost/j.cpp", "#include \"adapters/wire/k.hpp\"\n"},
      {"adapters/wire/k.hpp", ""},
      {"adapters/wire/k.cpp", "#include \"adapters/wire/easypost/j.hpp\"\n"},
      {"adapters/g.hpp", "#include \"scenarios/d.hpp\"\n"},
      {"adapters/cli/h.cpp", "#include \"results/e.hpp\"\n#include \"adapters/g.hpp\"\n#include <CLI/CLI.hpp>\n"},
      {"tests/engine/i.cpp", "#include \"engine/kernel/b.hpp\"\n#include \"results/e.hpp\"\n"},
  };
  EXPECT_EQ(joined(faults_of(files)), "");
}

}  // namespace
