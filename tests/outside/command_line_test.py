"""The manual page and the completion of shells know every flag that --help shows, and the shells really complete."""
import os
import re
import subprocess
import unittest
from pathlib import Path

from program import PROGRAM, FolderTest, refused, run


def flags_of(*verb):
    return set(re.findall(r"^\s+(?:-\w,)?(--[a-z][a-z-]*)", run(*verb, "--help"), re.MULTILINE))


def verbs_of(*verb):
    page = run(*verb, "--help")
    return re.findall(r"^  ([a-z][a-z-]*) ", page.split("Subcommands:")[1], re.MULTILINE) if "Subcommands:" in page else []


VERBS = verbs_of()
PATHS = [[verb] for verb in VERBS] + [[verb, below] for verb in VERBS for below in verbs_of(verb)]


class Pages(unittest.TestCase):
    def test_no_page_has_control_characters(self):
        pages = [[*path, "--help"] for path in [[], *PATHS]]
        pages += [["document", kind] for kind in ("man", "bash", "zsh", "fish")]
        for page in pages:
            with self.subTest(" ".join(page)):
                self.assertEqual(re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", run(*page)), [])

    def test_words_stand_for_versions_and_kinds_and_no_numbers_do(self):
        for flag, words, others in (("--http", "1.1,2", ("1", "3")), ("--grpc-call", "unary,stream", ("0", "1"))):
            for verb in ("replay", "drill"):
                self.assertIn(f":{{{words}}}", re.search(f"{flag} .*", run(verb, "--help"))[0])
                for other in others:
                    with self.subTest(verb=verb, flag=flag, value=other):
                        self.assertIn(flag, refused(verb, "first-steps", flag, other))


class Manual(FolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.page = cls.folder / "peakstorm.1"
        cls.page.write_text(run("document", "man"))

    def test_it_is_well_formed(self):
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", self.page], capture_output=True, text=True)
        # A date would change with every build, or be wrong.
        complaints = [line for line in (done.stdout + done.stderr).splitlines() if "missing date" not in line]
        self.assertEqual(complaints, [])

    def test_every_verb_and_flag_stands_in_its_section(self):
        plain = subprocess.run(["mandoc", "-T", "ascii", self.page], capture_output=True, text=True, check=True).stdout
        plain = re.sub(r".\x08", "", plain)
        self.assertGreater(len(PATHS), 10)
        for path in PATHS:
            title = "   peakstorm " + " ".join(path) + "\n"
            self.assertIn(title, plain)
            section = re.split(r"\n(?:   )?\S", plain.split(title)[1])[0]
            for flag in flags_of(*path) - {"--help"}:
                with self.subTest(" ".join(path), flag=flag):
                    self.assertRegex(section, rf"{flag}\b")

    def test_the_environment_it_names_is_the_one_that_is_read(self):
        named = set(re.findall(r"\\fB(PEAKSTORM_\w+)\\fR", self.page.read_text()))
        read = set(re.findall(rb"PEAKSTORM_[A-Z_]{3,}", Path(PROGRAM).read_bytes()))
        self.assertLessEqual(named, {name.decode() for name in read})
        self.assertIn("PEAKSTORM_LIBRARY", named)


class Bash(FolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.script = cls.folder / "peakstorm.bash"
        cls.script.write_text(run("document", "bash"))
        (cls.folder / "a file.toml").write_text("")
        (cls.folder / "a folder").mkdir()

    def completed(self, *words):
        """What bash offers for the last of the words."""
        line = """source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _peakstorm; printf '%s\\n' "${COMPREPLY[@]}" """
        path = f"{os.path.dirname(PROGRAM)}:/usr/bin:/bin"
        done = subprocess.run(
            ["bash", "-euc", line, "bash", self.script, "peakstorm", *words],
            capture_output=True, text=True, cwd=self.folder, env={"PATH": path, "LC_ALL": "C"}, timeout=60,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [word for word in done.stdout.splitlines() if word]

    def test_verbs(self):
        self.assertEqual(sorted(self.completed("")), sorted(VERBS))
        self.assertEqual(self.completed("sim"), ["simulate"])
        self.assertEqual(sorted(self.completed("scenarios", "")), ["copy", "list"])

    def test_flags_of_every_verb(self):
        for path in PATHS:
            with self.subTest(" ".join(path)):
                self.assertEqual(set(self.completed(*path, "--")), flags_of(*path))

    def test_values(self):
        self.assertEqual(self.completed("export", "run", "--format", ""), ["csv", "jsonl", "pb"])
        self.assertEqual(self.completed("export", "run", "--format", "=", "j"), ["jsonl"])
        self.assertEqual(self.completed("export", "run", "--format", "="), ["csv", "jsonl", "pb"])
        self.assertIn("a file.toml", self.completed("drill", "first-steps", "--junit", "a"))
        self.assertEqual(self.completed("simulate", "--scale", ""), [])

    def test_arguments(self):
        names = [line.split()[0] for line in run("scenarios", "--quiet").splitlines()]
        self.assertGreater(len(names), 3)
        self.assertLessEqual(set(names), set(self.completed("simulate", "")))
        self.assertEqual(self.completed("simulate", "--scale", "0.1", "first"), ["first-steps"])
        self.assertEqual(self.completed("report", "a"), ["a folder"])

    def test_shellcheck_finds_nothing(self):
        # SC2207 and the like would be about style; these scripts are bash and nothing else.
        done = subprocess.run(["shellcheck", "-s", "bash", self.script], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""))


class Fish(FolderTest):
    def completed(self, line):
        script = self.folder / "peakstorm.fish"
        if not script.exists():
            script.write_text(run("document", "fish"))
        path = f"{os.path.dirname(PROGRAM)}:/usr/bin:/bin"
        done = subprocess.run(
            ["fish", "--no-config", "-c", 'source $argv[1]; complete -C "$argv[2]"', script, line],
            capture_output=True, text=True, cwd=self.folder, timeout=60,
            env={"PATH": path, "HOME": str(self.folder), "LC_ALL": "C"},
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [offer.split("\t")[0] for offer in done.stdout.splitlines()]

    def test_verbs_flags_values_and_scenarios(self):
        self.assertEqual(sorted(self.completed("peakstorm ")), sorted(VERBS))
        for path in PATHS:
            with self.subTest(" ".join(path)):
                offered = self.completed("peakstorm " + " ".join(path) + " --")
                self.assertEqual({offer.rstrip("=") for offer in offered}, flags_of(*path))
        self.assertEqual(sorted(self.completed("peakstorm export x --format ")), ["csv", "jsonl", "pb"])
        self.assertIn("first-steps", self.completed("peakstorm simulate f"))


class Zsh(FolderTest):
    # zsh completes in its line editor alone: a terminal of zpty gets the line and a tab, and every word that
    # completion would add is printed instead of shown.
    HARNESS = r"""
zmodload zsh/zpty
zpty work zsh -f -i
read_until() { local text; while zpty -r work text; do [[ $text == *$1* ]] && break; done }
zpty -w work "PS1=; stty -echo; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -d $1/dump; print rea''dy"
read_until ready
zpty -w work 'compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
  local -a offered; builtin compadd -A offered -D offered "$@" 2>/dev/null || builtin compadd -A offered "$@"
  print -l "" "OFFER "${^offered}
  builtin compadd "$@"
}
show() { print "END"; zle kill-whole-line }; zle -N show
zstyle ":completion:*" list-packed no; zstyle ":completion:*" menu no; setopt no_auto_menu no_list_beep
bindkey "^I" complete-word; bindkey "^X" show; print se''t'
read_until set
zpty -w -n work "$2"$'\t\x18'
while zpty -r work line; do print -r -- "$line"; [[ $line == *END* ]] && break; done
zpty -d work
"""

    def completed(self, line):
        (self.folder / "_peakstorm").write_text(run("document", "zsh"))
        path = f"{os.path.dirname(PROGRAM)}:/usr/bin:/bin"
        done = subprocess.run(
            ["zsh", "-f", "-c", self.HARNESS, "zsh", self.folder, line], capture_output=True, text=True,
            cwd=self.folder, timeout=60, env={"PATH": path, "HOME": str(self.folder), "TERM": "dumb", "LC_ALL": "C"},
        )
        return {match.strip() for match in re.findall(r"OFFER ([^\r\n]*)", done.stdout)}

    def test_verbs_flags_and_values(self):
        self.assertLessEqual(set(VERBS), self.completed("peakstorm "))
        self.assertEqual(self.completed("peakstorm export x --format "), {"csv", "jsonl", "pb"})
        self.assertLessEqual(flags_of("simulate") - {"--help"}, self.completed("peakstorm simulate --"))


if __name__ == "__main__":
    unittest.main()
