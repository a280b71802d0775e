#!/usr/bin/env python3
"""Writes last-year.csv: 4,000 invented orders from September 2024 to January 2025, for the tutorial. python3 make_orders.py"""
import csv
import datetime
import pathlib
import random

random.seed(2024)
# Postal regions by first letter, orders in a hundred, days on the road.
REGIONS = {"L": (16, 1), "V": (13, 5), "J": (12, 2), "T": (11, 4), "M": (8, 1), "N": (8, 2), "H": (6, 2), "K": (5, 2),
           "G": (5, 3), "R": (4, 4), "S": (3, 4), "B": (3, 4), "E": (2, 4), "P": (2, 3), "A": (1, 5), "C": (1, 4)}
FIRST = datetime.date(2024, 9, 2)
DAYS = 152


def working(day, days):
    while days > 0:
        day += datetime.timedelta(days=1)
        days -= day.weekday() < 5
    return day


rows = []
letters, weights = zip(*[(letter, v[0]) for letter, v in REGIONS.items()])
for number in range(4000):
    # Twice as many a day from Black Friday until before Christmas.
    day = random.choices(range(DAYS), [2 if 88 <= d < 112 else 1 for d in range(DAYS)])[0]
    placed = FIRST + datetime.timedelta(days=day)
    letter = random.choices(letters, weights)[0]
    road = REGIONS[letter][1]
    late = random.random() < (0.16 if 88 <= day < 112 else 0.07)
    came = working(placed, random.choice([1, 1, 2]) + road + (random.choice([2, 3, 5]) if late else 0))
    rows.append([placed.isoformat(), letter, working(placed, 3 + road).isoformat(), came.isoformat()])
rows.sort()
with open(pathlib.Path(__file__).parent / "last-year.csv", "w", newline="", encoding="utf-8") as out:
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["order", "placed", "to", "promised", "delivered"])
    table.writerows([[f"A{i:05}", *row[:1], row[1], *row[2:]] for i, row in enumerate(rows)])
