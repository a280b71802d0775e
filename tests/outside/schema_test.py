"""scenarios/scenario.schema.json and the loader agree: on the keys of every table, and on what a value may be."""
import copy
import datetime
import json
import re
import shutil
import subprocess
import tomllib
import unittest

import jsonschema

from program import PROGRAM, SOURCE, FolderTest, run

SCHEMA = json.loads((SOURCE / "scenarios/scenario.schema.json").read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)

# Where the loader knows more than a schema can say: names that must exist, days in the horizon, shares that must sum
# to 1, times in their order, values that only suit another one beside them.
LOADER_KNOWS_MORE = {
    "scenario.name", "scenario.first_day", "scenario.days", "scenario.measure_from", "scenario.measure_to",
    "scenario.home_zone", "size.share", "carrier.pickup_calendar", "shipper.season", "shipper.tiers",
    "shipper.tiers.economy", "shipper.tiers.standard", "shipper.tiers.express", "shipper.tariff.share",
    "shipper.tariff.service", "shipper.tariff.cap", "shipper.tariff.tier", "shipper.policy", "shipper.role",
    "shipper.learning.shrinkage", "shipper.learning.news_delay", "shipper.promise.step", "shipper.promise.hedge.from",
    "shipper.promise.hedge.to", "shipper.guarantee.until", "shipper.guarantee.date", "shipper.window",
    "shipper.tariff", "shipper.guarantee.upgrade_to", "replay.format", "gate.require", "shipper.ship_from",
    "shipper.bar", "shipper.bar.carrier", "shipper.bar.regions", "shipper.recovery_credit", "shipper.recovery_refunds_shipping", "loyalty.failure_delay_low",
    "loyalty.failure_delay_high",
}


def resolved(schema):
    """The schema with what it refers to in place."""
    out = dict(schema)
    for part in schema.get("allOf", []):
        name = part["$ref"].removeprefix("#/definitions/")
        out.update(SCHEMA["definitions"][name])
    return out


def tables_of(schema, path=()):
    """Yields (path, schema) of every table, the root included."""
    yield path, schema
    for key, value in schema["properties"].items():
        below = value.get("items", value)
        if "properties" in below:
            yield from tables_of(below, (*path, key))


def plain(value):
    """What a TOML reader gives, in JSON's types."""
    if isinstance(value, dict):
        return {key: plain(below) for key, below in value.items()}
    if isinstance(value, list):
        return [plain(below) for below in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


def toml_of(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml_of(below)}" for key, below in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_of, value)) + "]"
    return json.dumps(value)


def valid_value(key, schema):
    """Something that the schema accepts and that a loader has no reason to refuse."""
    schema = resolved(schema)
    if "default" in schema:
        return schema["default"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return schema["anyOf"][0]["enum"][0]
    if schema["type"] == "array":
        return [valid_value(key, schema["items"])] * schema.get("minItems", 1)
    if schema["type"] == "boolean":
        return True
    if schema["type"] in ("integer", "number"):
        return schema.get("minimum", schema.get("exclusiveMinimum", 0)) + 1
    pattern = schema.get("pattern", "")
    if key == "until":
        return "2025-06-04 12:00"
    if pattern == SCHEMA["definitions"]["date"]["pattern"]:
        return "2025-06-05"
    return "12h" if "h)?" in pattern else "x"


def probes_of(schema):
    """Values at and beyond the limits that the schema sets, and of other types."""
    schema = resolved(schema)
    values = [{}, "no such word", True, -1]
    values += schema.get("enum", [])
    for choice in schema.get("anyOf", []):
        values += choice.get("enum", [])
    step = 1 if schema.get("type") == "integer" else 0.01 if schema.get("maximum") == 1_000_000 else 0.000001
    for limit in ("minimum", "maximum", "exclusiveMinimum"):
        if limit in schema:
            around = (schema[limit] - step, schema[limit], schema[limit] + step)
            values += [value for value in around if -(2**63) <= value < 2**63]
    if schema.get("type") == "string" and "h)?" in schema.get("pattern", ""):
        values += ["90m", "2h30m", "0s", "0d", "30m2h", "90", "", "1.5h", "3d"]
    if schema.get("type") == "array":
        size = schema.get("minItems", 1)
        values += [[valid_value("", schema["items"])] * count for count in {size - 1, size, size + 1}]
    return values


def stands_alone(path):
    return ".".join(path) not in LOADER_KNOWS_MORE and path[0] != "replay"


def table_at(document, path):
    """The table that holds the key at the end of the path; of lists of tables the first."""
    for name in path[:-1]:
        document = document[name]
        if isinstance(document, list):
            document = document[0]
    return document


class SchemaAndLoader(FolderTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.scenario = cls.folder / "first-steps"
        shutil.copytree(SOURCE / "scenarios/library/first-steps", cls.scenario)
        cls.whole = cls.everything(SCHEMA, plain(tomllib.loads((cls.scenario / "scenario.toml").read_text())))

    @classmethod
    def everything(cls, schema, given):
        """The scenario with every key that the schema knows, each with a value that is good alone."""
        out = {}
        for key, value in schema["properties"].items():
            below = value.get("items", value)
            if "properties" in below:
                had = given.get(key, {})
                had = had if isinstance(had, list) else [had]
                some = [cls.everything(below, one) for one in had or [{}]]
                out[key] = some if "items" in value else some[0]
            elif key in given:
                out[key] = given[key]
            elif key not in ("measure_from", "measure_to", "season", "speed"):
                out[key] = valid_value(key, value)
        return out

    def faults(self, document):
        (self.scenario / "scenario.toml").write_text("\n".join(f"{key} = {toml_of(document[key])}" for key in document))
        done = subprocess.run([PROGRAM, "check", self.scenario, "--json"], capture_output=True, text=True, timeout=60)
        self.assertIn(done.returncode, (0, 2), done.stderr)
        return [fault for fault in json.loads(done.stdout)["faults"] if fault["file"] == "scenario.toml"]

    def test_every_key_of_the_loader_is_in_the_schema_and_the_reverse(self):
        document = copy.deepcopy(self.whole)

        def mark(table, schema):
            for key, value in schema["properties"].items():
                below = value.get("items", value)
                if "properties" in below:
                    for one in table[key] if "items" in value else [table[key]]:
                        mark(one, below)
            table["qqqqqqqqqqqqqqqqqqqqqqqq"] = 1

        mark(document, SCHEMA)
        known = {}
        for fault in self.faults(document):
            if found := re.fullmatch(r"remove it; the keys here are (.*)", fault["cure"]):
                known[fault["field"].removesuffix("qqqqqqqqqqqqqqqqqqqqqqqq").strip(".")] = set(found[1].split(", "))
        for path, schema in tables_of(SCHEMA):
            with self.subTest(".".join(path)):
                self.assertEqual(known.pop(".".join(path)), set(schema["properties"]))
                self.assertFalse(schema["additionalProperties"])
        self.assertEqual(known, {})

    def test_both_accept_and_refuse_the_same_values(self):
        self.assertEqual(list(VALIDATOR.iter_errors(self.whole)), [])
        probes = {}
        for path, schema in tables_of(SCHEMA):
            for key, value in schema["properties"].items():
                if "properties" not in value.get("items", value):
                    probes[(*path, key)] = probes_of(value)
        self.assertGreater(sum(map(len, probes.values())), 500)
        # The n-th value of every key at once, as a fault names its key; of keys that hang together one at a time.
        rounds = [
            {path: values[n] for path, values in probes.items() if n < len(values) and stands_alone(path)}
            for n in range(max(map(len, probes.values())))
        ]
        rounds += [{path: value} for path, values in probes.items() if not stands_alone(path) for value in values]
        for values in rounds:
            document = copy.deepcopy(self.whole)
            for path, value in values.items():
                table_at(document, path)[path[-1]] = value
            if ("replay", "speed") in values:
                document["replay"].pop("seconds")
            by_schema = {
                tuple(name for name in error.absolute_path if isinstance(name, str))
                for error in VALIDATOR.iter_errors(document)
            }
            by_loader = {fault["field"] for fault in self.faults(document)}
            for path, value in values.items():
                field = ".".join(path)
                refused_by_schema = any(error[: len(path)] == path for error in by_schema)
                refused_by_loader = any(fault == field or fault.startswith(field + ".") for fault in by_loader)
                if field in LOADER_KNOWS_MORE and refused_by_loader:
                    continue
                with self.subTest(field, value=value):
                    self.assertEqual(refused_by_schema, refused_by_loader)

    def test_what_the_loader_requires_the_schema_requires(self):
        for path, schema in tables_of(SCHEMA):
            for key in schema["properties"]:
                document = copy.deepcopy(self.whole)
                if table_at(document, (*path, key)).pop(key, None) is None:
                    continue
                field = ".".join((*path, key))
                missing = any(f["field"] == field and "is missing" in f["message"] for f in self.faults(document))
                # Of fixed_split alone.
                with self.subTest(field):
                    self.assertEqual(key in schema.get("required", []) or field == "shipper.tariff.share", missing)


class Library(unittest.TestCase):
    def test_the_schema_is_one(self):
        jsonschema.Draft7Validator.check_schema(SCHEMA)

    def test_every_scenario_of_the_library_is_valid(self):
        scenarios = sorted((SOURCE / "scenarios/library").glob("*/scenario.toml"))
        self.assertGreater(len(scenarios), 3)
        for path in scenarios:
            with self.subTest(path.parent.name):
                self.assertEqual(list(VALIDATOR.iter_errors(plain(tomllib.loads(path.read_text())))), [])

    def test_every_key_says_what_it_is(self):
        for path, schema in tables_of(SCHEMA):
            for key, value in schema["properties"].items():
                with self.subTest(".".join((*path, key))):
                    self.assertTrue(resolved(value).get("description", "").endswith("."))


if __name__ == "__main__":
    unittest.main()
