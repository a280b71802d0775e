#!/usr/bin/env python3
"""Writes results/SQLITE.md, the manual of run.sqlite, from schema.sql and the queries in results/queries.

    describe_tables.py          writes the page
    describe_tables.py --check  changes nothing; exit code 1 when the page is not what it would write

Prose comes from the schema's comments, columns and types from SQLite itself, units from the rules below. A column
without a rule ends the run with its name: a number without a unit is of no use to anybody.
"""
import re
import sqlite3
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "SQLITE.md"
QUERIES = HERE.parent / "queries"

SIMULATED_MS = "ms since 00:00 UTC of day 0"
REPLAY_MS = "ms of the replay"

# The first pattern that matches all of "table.column" says the unit.
UNITS = [
    (r"(replay_\w+|staleness_second|visibility)\.\w*_ms", REPLAY_MS),
    (r"queue\.\w+_piece_ms", "pieces x ms"),
    (r"\w+\.\w+_ms", SIMULATED_MS),
    (r"staleness\.(mean|max|p\d+)", "minutes (clock 'simulated') or ms of the replay"),
    (r"parcel\.node_id", "ship node; its place_id is this plus the number of places that are no nodes"),
    (r"\w+\.parcel_id", "parcel; the engine's 64-bit id as a signed integer"),
    (r"\w+\.(from_|to_|culprit_)place_id", "row of `place`"),
    (r"\w+\.(place|carrier|service|region|destination|shipper|lane|disruption|gate)_id", "row of `{0}`"),
    (r"\w+\.\w+_cents", "US cents"),
    (r"(service|parcel)\.\w+_minute", "minute of the local day"),
    (r"\w+\.(\w+_minutes|minutes_lost)", "minutes"),
    (r"(lateness\.days_late|eta_error\.(days_to_go|mean_days|mean_abs_days))", "days"),
    (r"\w+\.(pieces|stops|departures|sort_pieces)_per_(day|week|departure)", "{0} per {1}"),
    (r"\w+\.(day|\w+_day)", "day, from the scenario's first (table `day`)"),
    (r"place_load\.step_hours", "hours"),
    (r"\w+\.(hour|\w+_hour)", "hours since 00:00 UTC of day 0"),
    (r"\w+\.(second|\w+_second)", "seconds since the replay began"),
    (r"\w+\.\w+_us", "microseconds"),
    (r"\w+\.\w+_s", "seconds"),
    (r"\w+\.(km|\w+_km)", "km"),
    (r"\w+\.(lat|lon)", "degrees, WGS 84"),
    (r"on_time\w*\.(rate|low|high)", "share, 0 to 1"),
    (r"(measure\.(value|low|high)|gate\.(actual|limit_value))", "as `unit` says"),
    (r"disruption\.(speed|staffing|demand)", "factor; 1 is no effect"),
    (r"(disruption\.(active|closed|embargo)|parcel\.(measured|weather)|finding\.defect)", "0 or 1"),
    (r"destination\.weight", "relative demand"),
    (r"place_load\.\w+_(mean|max)", "pieces"),
    (r"(place_peak|queue)\.pieces", "pieces"),
    (r"place_day\.(arrived|departed|missed_sorts|rollovers)", "pieces"),
    (r"parcel\.size", "index of the scenario's [[size]], from 0"),
    (r"(parcel\.attempts|cost\.extra_attempts)", "delivery attempts"),
    (r"recovery\.grade", "number of the shipper's grade, from 1"),
    (r"\w+\.sequence", "the parcel's scans, counted from 0"),
    (r"replay_request\.status", "HTTP status; 0: none"),
    (r"replay_sender\.rank", "number of the process, from 0"),
    (r"on_time_replication\.replication", "number of the replication"),
    (r"diagnosis\.place", "rank, from 1"),
    (r"gate\.line", "line of `file`"),
    (r"published\.place", "line of validation.csv, from 0"),
    (r"published\.value", "as the measure's `unit` says"),
    (r"\w+\.(kept|broken|not_counted|hidden_kept|hidden_broken|parcels|broken_promises|broken_commits)", "parcels"),
    (r"census\.(injected|delivered|lost|returned|inside)", "parcels"),
    (r"\w+\.(scans|published)", "scans"),
    (r"\w+\.checks", "checks"),
    (r"staleness\w*\.stale", "checks"),
    (r"eta_error\.(early|exact|late)", "checks"),
    (r"replay_\w+\.(requests|attempts|intended|sent|done|errors|late|dropped)", "requests"),
    (r"outage\.backlog_max", "requests"),
    (r"disruption\.\w+_touched", "count"),
    (r"\w+\.(acts|contacts|replications|count|judged|findings)", "count"),
]

# Queries in the order of the page, with what they are for.
WORKED = {
    "promise_by_day.sql": "Promises kept by day and carrier",
    "promise_by_day.py": "The same in pandas",
    "promise_by_day.R": "The same in R",
    "worst_places.sql": "Where promises were lost",
    "late_parcels.sql": "The parcels behind a number",
    "busiest_hours.sql": "How full places were",
    "hidden_truth.sql": "What the shopper was shown",
    "read_scans.py": "The scan stream in Python",
}


def unit_of(table, column, sql_type):
    if sql_type == "TEXT":
        return "text"
    for pattern, unit in UNITS:
        if match := re.fullmatch(pattern, f"{table}.{column}"):
            return unit.format(*match.groups()).replace("sort_pieces", "pieces")
    sys.exit(f"describe_tables.py: {table}.{column} has no unit; add a rule for it to UNITS")


def comment_text(lines):
    return " ".join(line.removeprefix("--").strip() for line in lines)


def head_of(schema):
    """The schema's opening comment: a sentence, and its conventions as (word, meaning)."""
    lines = []
    for line in schema.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--"))
    title, rest = lines[0].strip(), lines[lines.index(" Conventions") + 1 :]
    conventions, notes = [], []
    for line in rest:
        if row := re.fullmatch(r"   (\S+) {2,}(.*)", line):
            conventions.append([row[1], row[2]])
        elif line.startswith("       ") and conventions and not notes:
            conventions[-1][1] += " " + line.strip()
        else:
            notes.append(line.strip())
    return title, conventions, " ".join(notes)


def parts_of(schema):
    """Yields ("section", title), and ("table" or "view", name, prose), in the order of the schema."""
    prose = []
    for line in schema.splitlines():
        if section := re.fullmatch(r"-- (.+?) -{5,}", line):
            yield "section", section[1], ""
            prose = []
        elif line.startswith("--"):
            prose.append(line)
        elif made := re.match(r"CREATE (TABLE|VIEW) (\w+)", line):
            if behind := re.search(r";\s*--\s*(.*)", line):
                prose.append(f"-- For instance {behind[1]}.")
            yield made[1].lower(), made[2], comment_text(prose)
            prose = []
        elif not line.strip():
            prose = []


def columns_of(database, table):
    for _, name, sql_type, not_null, _, key in database.execute(f"PRAGMA table_info({table})"):
        yield name, sql_type, bool(not_null or key), key


def fence(path):
    language = {".sql": "sql", ".py": "python", ".R": "r"}[path.suffix]
    return f"```{language}\n{path.read_text().rstrip()}\n```\n"


def page():
    schema = (HERE / "schema.sql").read_text()
    database = sqlite3.connect(":memory:")
    database.executescript(schema)
    version = database.execute("PRAGMA user_version").fetchone()[0]
    title, conventions, notes = head_of(schema)
    out = [
        "# The tables of run.sqlite",
        "",
        "<!-- Written by results/store/describe_tables.py (./dev docs); change schema.sql instead. -->",
        "",
        f"{title} Version {version} of the schema (`PRAGMA user_version`). Open it read-only; `manifest.json` has its",
        "checksum, by which later verbs notice a change.",
        "",
        "| in names | means |",
        "|---|---|",
        *(f"| `{word}` | {meaning} |" for word, meaning in conventions),
        "",
        notes,
        "",
        "## Worked queries",
        "",
        "`sqlite3 -header -csv RUN/run.sqlite < results/queries/QUERY.sql` runs one of those in SQL; the scripts take the",
        "run folder. Installed, they lie in `share/doc/peakstorm/results/queries`. The tests run all of them.",
        "",
    ]
    if {path.name for path in QUERIES.iterdir() if path.is_file()} != set(WORKED):
        sys.exit(f"describe_tables.py: WORKED does not list what is in {QUERIES}")
    for name, purpose in WORKED.items():
        out += [f"### {purpose}", "", f"`{name}`", "", fence(QUERIES / name)]
    for kind, name, prose in parts_of(schema):
        if kind == "section":
            out += [f"## {name}", ""]
            continue
        out += [f"### {name}" if kind == "table" else f"### {name} (view)", ""]
        if prose:
            out += [prose, ""]
        if kind == "view":
            out += ["Columns: " + ", ".join(f"`{column[0]}`" for column in columns_of(database, name)) + ".", ""]
            continue
        out += ["| column | type | unit |", "|---|---|---|"]
        for column, sql_type, required, key in columns_of(database, name):
            words = sql_type.lower() + (", key" if key else "" if required else ", may be NULL")
            out.append(f"| `{column}` | {words} | {unit_of(name, column, sql_type)} |")
        out.append("")
    return "\n".join(out).rstrip() + "\n"


def main():
    text = page()
    if sys.argv[1:] == ["--check"]:
        if not PAGE.exists() or PAGE.read_text() != text:
            sys.exit("results/SQLITE.md is not what schema.sql and results/queries make of it; run ./dev docs")
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
