#!/usr/bin/env python3
"""Writes policies.schema.json and what-if.schema.json beside scenario.schema.json, whose keys both files change.

    derive_schemas.py          writes them
    derive_schemas.py --check  changes nothing; exit code 1 when they are not what it would write

Editors follow no reference from one schema to another, so each is whole.
"""
import copy
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCENARIO = json.loads((HERE / "scenario.schema.json").read_text())

# The experiment itself, and what is judged rather than decided: no policy changes it.
FIXED = {"scenario", "size", "replay", "faults", "gate"}
# Lists that are met by their members' names; any other list is replaced as a whole.
BY_NAME = {"carrier", "shipper"}
TABLES = ("calendars", "capacity", "coverage", "disruptions", "facilities", "lanes", "nodes", "peaks", "pickups",
          "rates", "services", "sorts", "stock", "transit")


def table(description, properties, required=()):
    schema = {"type": "object", "description": description, "additionalProperties": False, "properties": properties}
    return schema | ({"required": list(required)} if required else {})


def text(description, **more):
    return {"type": "string", "description": description, **more}


def name(description):
    return {"allOf": [{"$ref": "#/definitions/name"}], "description": description}


def partial(schema):
    """A table of which a policy may give any keys; what it leaves out stays as it is."""
    out = copy.deepcopy(schema)
    out.pop("required", None)
    for key, value in out.get("properties", {}).items():
        value.pop("default", None)
        if value.get("type") == "object":
            out["properties"][key] = partial(value)
    return out


def changes():
    """The scenario's own keys, as far as a policy may change them."""
    out = {}
    for key, value in SCENARIO["properties"].items():
        if key in FIXED:
            continue
        if key in BY_NAME:
            member = partial(value["items"])
            member["required"] = ["name"]
            member["properties"]["name"]["description"] = f"The {key} to change."
            out[key] = {"type": "array", "description": value["description"], "items": member}
        else:
            out[key] = partial(value)
    return out


def axis():
    schema = table("One thing that varies.", {
        "name": name("What it is called in the names of policies."),
        "note": text("A line for people; not read."),
        "key": text("What varies, by its way from the root; members of lists go by their name, for instance "
                    "shipper.northstar.buffer_days."),
        "values": {"type": "array", "minItems": 1,
                   "description": "Its values; of a split a share for each service, with the sum 1."},
        "from": {"type": "number", "description": "First value, instead of values."},
        "to": {"type": "number", "description": "Last value, inclusive."},
        "step": {"type": "number", "exclusiveMinimum": 0,
                 "description": "Between values; of a split a share that divides 1."},
        "split": text("Shares of a tier, instead of a key: SHIPPER.TIER.", pattern=r"^.+\.(economy|standard|express)$"),
        "services": {"type": "array", "minItems": 2, "items": {"type": "string"},
                     "description": "The services that the split is among."},
    }, ["name"])
    schema["anyOf"] = [{"required": keys} for keys in (
        ["key", "values"], ["key", "from", "to", "step"], ["split", "services", "step"], ["split", "services", "values"])]
    return schema


def policies():
    changed = changes()
    # Written once, for policies, grids and the space.
    changes_here = {key: {"$ref": f"#/definitions/changes_of_{key}"} for key in changed}
    tables = table("Tables read from beside this file instead of the scenario's.",
                   {f"{t}.csv": text(f"File in place of {t}.csv.", pattern="^[^/]+$") for t in TABLES})
    note = text("One line for people.")
    axes = {"type": "array", "minItems": 1, "description": "What varies.", "items": axis()}
    policy = table("A policy: what it changes in the scenario.",
                   {"name": name("Unique."), "note": note, "tables": tables} | changes_here, ["name"])
    grid = table("A policy for every combination of what varies.",
                 {"name": name("Begins the names of its policies."), "note": note, "tables": tables, "axis": axes}
                 | changes_here, ["name", "axis"])
    return {
        "$schema": SCENARIO["$schema"], "$id": "urn:peakstorm:policies", "title": "Peakstorm policies",
    } | table("File of `peakstorm compare SCENARIO --policies FILE`. scenarios/FORMAT.md says more.", {
        "control": name("What the scenario as it is is called; default as-is."),
        "cheapest_published": {"type": "boolean", "default": True, "description":
                               "Whether every retailer's cheapest service whose published transit meets the target takes part."},
        "without_carriers": {"type": "boolean", "default": False,
                             "description": "Whether one policy without each carrier takes part."},
        "without_carriers_in": {
            "description": "Regions: one policy without each carrier in each of these alone; all for every region.",
            "anyOf": [{"enum": ["all"]}, {"type": "array", "minItems": 1, "items": {"type": "string"}}]},
        "policy": {"type": "array", "description": "Policies by name.", "items": policy},
        "grid": {"type": "array", "description": "Policies by combination.", "items": grid},
        "space": table("What --optimise may vary, beside the policies.",
                       {"note": note, "tables": tables, "axis": axes} | changes_here, ["axis"]),
    }) | {"definitions": SCENARIO["definitions"] | {f"changes_of_{key}": value for key, value in changed.items()}}


def what_if():
    instant = r"^\d{4}-\d{2}-\d{2}( ([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)? \S+)?$"
    day = "A date in the scenario's home zone, or an instant with its zone: 2013-12-05 12:00 America/Chicago"
    share = {"allOf": [{"$ref": "#/definitions/share"}]}
    factor = {"type": "number", "minimum": 0, "maximum": 1000}
    disruption = table("A row of disruptions.csv; it takes the place of the one of its name, if there is one.", {
        "name": name("Unique."),
        "kind": text("What it is called, and what --without leaves out; what it does stands in other keys.",
                     enum=["storm", "closure", "embargo", "outage", "surge", "staffing"]),
        "from": text(f"{day}; not before the futures part.", pattern=instant),
        "to": text(f"{day}; a date is inclusive.", pattern=instant),
        "area": text("all, states TX AR, circle 32.8 -97.0 200km or facilities a b; joined by ' + ' they add up."),
        "carrier": text("Of this carrier alone."),
        "shipper": text("Of this shipper alone."),
        "speed": share | {"exclusiveMinimum": 0, "description": "Of journeys; above 0, at most 1."},
        "staffing": factor | {"description": "Factor of the sorters' pace."},
        "closed": {"type": "boolean", "description": "Nothing is sorted and nothing leaves."},
        "embargo": {"type": "boolean", "description": "Nothing is taken in."},
        "demand": factor | {"description": "Factor of the orders."},
        "scan_delay": {"allOf": [{"$ref": "#/definitions/duration"}], "description": "How late scans are reported."},
        "source": text("Where it is from; not read."),
        "note": text("A line for people; not read."),
    }, ["name", "kind", "from", "to", "area"])
    return {"$schema": SCENARIO["$schema"], "$id": "urn:peakstorm:what-if", "title": "Peakstorm future"} | table(
        "File of `peakstorm simulate --what-if FILE`. scenarios/FORMAT.md says more.", {
            "remove": {"type": "array", "items": {"type": "string"},
                       "description": "Disruptions of disruptions.csv that do not come."},
            "disruption": {"type": "array", "description": "Disruptions that come.", "items": disruption},
        }) | {"definitions": {key: SCENARIO["definitions"][key] for key in ("name", "share", "duration")}}


def main():
    stale = []
    for file, schema in (("policies.schema.json", policies()), ("what-if.schema.json", what_if())):
        path = HERE / file
        written = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text() != written:
                stale.append(file)
        else:
            path.write_text(written)
    if stale:
        sys.exit(f"{' and '.join(stale)}: not what derive_schemas.py writes; run ./dev docs")


if __name__ == "__main__":
    main()
