"""The schemas of the other TOML files agree with what reads those files, and editors' own reader takes all of them."""
import json
import re
import shutil
import subprocess
import tomllib
import unittest

import jsonschema

from program import PROGRAM, SOURCE, FolderTest

SCENARIOS = SOURCE / "scenarios"
TAPLO = SOURCE / "tests/outside/node_modules/.bin/taplo"
SCHEMAS = {name: json.loads((SCENARIOS / f"{name}.schema.json").read_text()) for name in ("policies", "what-if")}
FILES = {
    "scenario": sorted((SCENARIOS / "library").glob("*/scenario.toml")),
    "policies": sorted((SCENARIOS / "library").glob("*/policies.toml")),
}

POLICY = '[[policy]]\nname = "p"\n'
GRID = '[[grid]]\nname = "g"\n[[grid.axis]]\nname = "a"\n'
SHIPPER = '[[policy.shipper]]\nname = "lakeside-books"\n'
AXIS = 'key = "shipper.lakeside-books.buffer_days"\n'
# Texts, and whether they are a policies file of first-steps.
OF_POLICIES = [
    (POLICY + SHIPPER + "buffer_days = 1\n", True),
    (POLICY + 'note = "n"\n' + SHIPPER + "buffer_days = 1\n", True),
    (POLICY + "[policy.shopper]\nnotices = false\n", True),
    ('control = "today"\ncheapest_published = false\nwithout_carriers = false\n' + POLICY + SHIPPER + "buffer_days = 2\n", True),
    (GRID + AXIS + "values = [0, 1]\n", True),
    (GRID + AXIS + "from = 0\nto = 2\nstep = 1\n", True),
    (POLICY + SHIPPER + "buffer_days = -1\n", False),
    (POLICY + SHIPPER + 'buffer_days = "one"\n', False),
    (POLICY + SHIPPER + "bufer_days = 1\n", False),
    (POLICY + "[[policy.shipper]]\nbuffer_days = 1\n", False),
    (POLICY + "[policy.scenario]\nseed = 2\n", False),
    (POLICY + "[policy.gate]\nrequire = []\n", False),
    (POLICY + "[policy.shopper]\nnotices = 1\n", False),
    (POLICY + '[policy.tables]\n"season.csv" = "x.csv"\n', False),
    (POLICY + '[policy.tables]\n"peeks.csv" = "x.csv"\n', False),
    (POLICY + '[policy.tables]\n"peaks.csv" = "../x.csv"\n', False),
    (POLICY + 'tables = "peaks.csv"\n', False),
    ("[[policy]]\n" + SHIPPER + "buffer_days = 1\n", False),
    (POLICY.replace('"p"', '"no name"') + SHIPPER + "buffer_days = 1\n", False),
    ("cheapest_published = 1\n" + POLICY + SHIPPER + "buffer_days = 1\n", False),
    ('control = "no name"\n' + POLICY + SHIPPER + "buffer_days = 1\n", False),
    ('without_carriers_in = "some"\n' + POLICY + SHIPPER + "buffer_days = 1\n", False),
    ("without_carriers_in = []\n" + POLICY + SHIPPER + "buffer_days = 1\n", False),
    ("policy = 1\n", False),
    ('[[grid]]\nname = "g"\n', False),
    (GRID + AXIS, False),
    (GRID + AXIS + "values = []\n", False),
    (GRID + AXIS + "from = 0\nto = 2\nstep = 0\n", False),
    (GRID + AXIS + "from = 0\nto = 2\n", False),
    (GRID + AXIS + "values = [0]\nstop = 1\n", False),
    (GRID + "values = [0]\n", False),
    (GRID + 'split = "lakeside-books.overnight"\nservices = ["a", "b"]\nstep = 0.5\n', False),
    (GRID + 'split = "lakeside-books.standard"\nservices = ["a"]\nstep = 0.5\n', False),
    ("[space]\n", False),
]

STORM = '[[disruption]]\nname = "storm"\nkind = "storm"\nfrom = 2025-06-04\nto = 2025-06-05\narea = "all"\n'
# Texts, and whether they are a future of first-steps.
OF_FUTURES = [
    (STORM + "speed = 0.5\n", True),
    (STORM + 'closed = true\nscan_delay = "2h"\ndemand = 1.5\nnote = "n"\nsource = "s"\n', True),
    (STORM.replace("2025-06-04", '"2025-06-04 06:30 America/Chicago"') + "staffing = 0.5\n", True),
    ("remove = []\n", True),
    (STORM + "speed = 0\n", False),
    (STORM + "speed = 1.5\n", False),
    (STORM + "staffing = 1001\n", False),
    (STORM + "closed = 0.5\n", False),
    (STORM + 'scan_delay = "two hours"\n', False),
    (STORM + "sped = 0.5\n", False),
    (STORM.replace('kind = "storm"', 'kind = "rain"') + "speed = 0.5\n", False),
    (STORM.replace('area = "all"\n', "") + "speed = 0.5\n", False),
    (STORM.replace("2025-06-04", '"4 June"') + "speed = 0.5\n", False),
    (STORM.replace('"storm"', '"a storm"', 1) + "speed = 0.5\n", False),
    ("remove = 1\n", False),
    ("removed = []\n", False),
    ("disruption = 1\n", False),
]


def plain(value):
    """What a TOML reader gives, in JSON's types."""
    return json.loads(json.dumps(value, default=str))


def words(text):
    return set(re.findall(r'"(\w+)"', text))


class SchemasAndReaders(FolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        shutil.copytree(SCENARIOS / "library/first-steps", cls.folder / "first-steps")

    def accepted(self, *arguments):
        done = subprocess.run(
            [PROGRAM, *arguments, "--quiet"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            cwd=self.folder, timeout=60,
        )
        self.assertIn(done.returncode, (0, 2), done.stderr)
        return done.returncode == 0

    def hold(self, schema, table, *arguments):
        jsonschema.Draft7Validator.check_schema(schema)
        validator = jsonschema.Draft7Validator(schema)
        for text, good in table:
            with self.subTest(text):
                (self.folder / "it.toml").write_text(text)
                self.assertEqual(validator.is_valid(plain(tomllib.loads(text))), good, "by the schema")
                self.assertEqual(self.accepted(*arguments), good, "by the program")

    def test_policies(self):
        self.hold(SCHEMAS["policies"], OF_POLICIES, "compare", "first-steps", "--policies", "it.toml", "--replications", "2")

    def test_futures(self):
        self.hold(SCHEMAS["what-if"], OF_FUTURES, "simulate", "first-steps", "--branch-at", "2025-06-03 00:00 UTC",
                  "--what-if", "it.toml")

    def test_keys_are_those_that_the_readers_know(self):
        policies = "".join((SCENARIOS / f"build/{name}.cpp").read_text() for name in ("policies", "policy_axes"))
        root, axis = SCHEMAS["policies"], SCHEMAS["policies"]["properties"]["grid"]["items"]["properties"]["axis"]["items"]
        known = {frozenset(words(found)) for found in re.findall(r"known\{(.*?)\}", policies, re.DOTALL)}
        self.assertEqual(known, {frozenset(root["properties"]), frozenset(axis["properties"])})
        columns = re.search(r"disruption_columns\{(.*?)\}, *\n? *\{(.*?)\}", (SCENARIOS / "build/builder.hpp").read_text(), re.DOTALL)
        row = SCHEMAS["what-if"]["properties"]["disruption"]["items"]
        self.assertEqual(words(columns[1]), set(row["required"]))
        self.assertEqual(words(columns[1]) | words(columns[2]) | {"note", "source"}, set(row["properties"]))


class Tables(unittest.TestCase):
    def test_the_page_lists_the_columns_that_the_loader_knows(self):
        page = (SCENARIOS / "FORMAT.md").read_text()
        listed = {
            file: set(columns.split(",")) - {"NAME..."}
            for file, columns in re.findall(r"^- \*\*(\w+\.csv)\*\*(?: \(optional\))? `([^`]*)`", page, re.MULTILINE)
        }
        self.assertEqual(len(listed), 18)
        source = "".join(path.read_text() for path in sorted((SCENARIOS / "build").glob("*.?pp")))
        known = {
            file: words(required) | words(optional)
            for file, required, optional in re.findall(
                r'table\(\s*"(\w+\.csv)",\s*\{\s*\{(.*?)\},\s*\{(.*?)\}', source, re.DOTALL
            )
        }
        row = SCHEMAS["what-if"]["properties"]["disruption"]["items"]["properties"]
        known["disruptions.csv"] = set(row) - {"note", "source"}
        self.assertEqual(known, listed)


class Files(unittest.TestCase):
    def test_derived_schemas_are_fresh(self):
        subprocess.run(["/usr/bin/python3", "-B", SCENARIOS / "derive_schemas.py", "--check"], check=True)

    def test_every_policies_file_of_the_library_is_valid(self):
        validator = jsonschema.Draft7Validator(SCHEMAS["policies"])
        self.assertGreater(len(FILES["policies"]), 3)
        for path in FILES["policies"]:
            with self.subTest(path):
                self.assertEqual(list(validator.iter_errors(plain(tomllib.loads(path.read_text())))), [])


class Taplo(FolderTest):
    """The reader of Even Better TOML and of most other editors."""

    def lint(self, kind, *paths):
        done = subprocess.run(
            [TAPLO, "lint", "--no-auto-config", "--schema", (SCENARIOS / f"{kind}.schema.json").as_uri(), *paths],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.folder, timeout=120,
        )
        return done.returncode, done.stdout + done.stderr

    def test_it_takes_the_library(self):
        for kind, paths in FILES.items():
            with self.subTest(kind):
                code, said = self.lint(kind, *paths)
                self.assertEqual(code, 0, said)
                self.assertIn(f"total={len(paths)}", said)

    def test_it_takes_a_future_and_finds_what_is_wrong(self):
        file = self.folder / "it.toml"
        file.write_text(OF_FUTURES[0][0])
        self.assertEqual(self.lint("what-if", file)[0], 0)
        for kind, good, bad in (("policies", OF_POLICIES[0][0], "bufer_days"), ("what-if", OF_FUTURES[0][0], "speeed")):
            with self.subTest(kind):
                file.write_text(f"{good}{bad} = 1\n")
                code, said = self.lint(kind, file)
                self.assertEqual(code, 1)
                self.assertIn(bad, said)


if __name__ == "__main__":
    unittest.main()
