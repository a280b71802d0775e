// peakstorm document: the manual page and the completion scripts, for the build. Hidden, as nobody needs it twice.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <string>

#include "adapters/cli/completion.hpp"
#include "adapters/cli/described.hpp"
#include "adapters/cli/manual.hpp"
#include "adapters/cli/output.hpp"
#include "adapters/cli/verbs.hpp"

namespace peakstorm::cli {

void add_document(CLI::App& program, Action& action) {
  auto kind = std::make_shared<std::string>();
  auto* const verb = program.add_subcommand("document", "Print the manual page or a completion script");
  verb->group("");
  verb->add_option("kind", *kind, "What to print")->required()->check(CLI::IsMember({"man", "bash", "zsh", "fish"}));
  verb->callback([kind, &program, &action] {
    action = [kind, &program](const Context&) {
      const auto verbs = describe(program);
      print_text(*kind == "man"    ? manual_page(verbs, PEAKSTORM_VERSION)
                 : *kind == "bash" ? bash_completion(verbs)
                 : *kind == "zsh"  ? zsh_completion(verbs)
                                   : fish_completion(verbs));
      return ExitCode::passed;
    };
  });
}

}  // namespace peakstorm::cli
