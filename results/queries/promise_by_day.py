"""The rows of promise_by_day.sql in pandas: python3 promise_by_day.py RUN_FOLDER prints them as CSV."""
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pandas

tables = Path(sys.argv[1]) / "run.sqlite"
with closing(sqlite3.connect(f"{tables.absolute().as_uri()}?mode=ro", uri=True)) as run:
    due, day, service, carrier = (
        pandas.read_sql_query(f"SELECT * FROM {table}", run) for table in ("on_time_due", "day", "service", "carrier")
    )

rows = due[(due.definition == "promise") & (due.role == "retailer")]
rows = rows.merge(day, left_on="due_day", right_on="day").merge(service, on="service_id")
rows = rows.merge(carrier, on="carrier_id", suffixes=("_service", ""))
rows = rows.groupby(["date", "name"], as_index=False)[["kept", "broken"]].sum()
rows["due"] = rows.kept + rows.broken
rows = rows[rows.due > 0].assign(rate=lambda r: (r.kept / r.due).round(4))
rows = rows.rename(columns={"name": "carrier"})[["date", "carrier", "kept", "due", "rate"]]
rows.to_csv(sys.stdout, index=False)
