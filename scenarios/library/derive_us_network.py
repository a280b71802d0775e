#!/usr/bin/env python3
"""Derives the tables of the scenarios christmas-2013, blizzard-memphis and us-peak-day.

    derive_us_network.py --zip3 ZIP3.csv --county COUNTY.csv --air-hubs AIR_HUBS.csv [--out FOLDER]

ZIP3.csv has the columns zip3,lat,lon,pop_approx; COUNTY.csv has State,Population; AIR_HUBS.csv has
carrier,iata,lat,lon. The output is a function of these files and of the constants below, nothing else.
NETWORK.md beside this file says how it works, what is fact and what is assumption.
Standard library only; Python 3.9 or later.
"""

import argparse
import csv
import datetime
import heapq
import math
import os
from collections import defaultdict

# ---------------------------------------------------------------------------------------------- geography

# First three digits of ZIP codes by state (USPS publication 65). AK, HI, PR, VI, GU and AA/AE/AP are left out.
STATE_RANGES = """
MA 010-027 055-055; RI 028-029; NH 030-038; ME 039-049; VT 050-054 056-059; CT 060-069; NJ 070-089;
NY 100-149 005-005; PA 150-196; DE 197-199; DC 200-200 202-205; VA 201-201 220-246; MD 206-219;
WV 247-268; NC 270-289; SC 290-299; GA 300-319 398-399; FL 320-349; AL 350-369; TN 370-385; MS 386-397;
KY 400-427; OH 430-459; IN 460-479; MI 480-499; IA 500-528; WI 530-549; MN 550-567; DC 569-569;
SD 570-577; ND 580-588; MT 590-599; IL 600-629; MO 630-658; KS 660-679; NE 680-693; LA 700-714;
AR 716-729; OK 730-749; TX 750-799 885-885; CO 800-816; WY 820-831; ID 832-838; UT 840-847;
AZ 850-865; NM 870-884; NV 889-898; CA 900-961; OR 970-979; WA 980-994
"""
STATE_NAMES = {
    "AL": "Alabama", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado", "CT": "Connecticut",
    "DE": "Delaware", "FL": "Florida", "GA": "Georgia", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana",
    "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland",
    "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri",
    "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey",
    "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio",
    "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina",
    "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia",
    "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming"}

EASTERN, CENTRAL, MOUNTAIN, PACIFIC = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"
PHOENIX = "America/Phoenix"
# Hours from UTC in winter. Neither scenario crosses a change of clocks.
UTC_OFFSET = {EASTERN: -5, CENTRAL: -6, MOUNTAIN: -7, PHOENIX: -7, PACIFIC: -8}
STATE_ZONE = {}
for _zone, _states in ((EASTERN, "MA RI NH ME VT CT NJ NY PA DE DC VA MD WV NC SC GA FL OH IN MI KY TN"),
                       (CENTRAL, "AL MS IA WI MN SD ND IL MO KS NE LA AR OK TX"),
                       (MOUNTAIN, "MT CO WY ID UT NM"), (PHOENIX, "AZ"), (PACIFIC, "NV CA OR WA")):
    for _state in _states.split():
        STATE_ZONE[_state] = _zone
# Parts of states in another zone than the rest, by ZIP3 (approximate: zone lines follow counties).
ZIP3_ZONE = {**dict.fromkeys("324 325 370 371 372 380 381 382 383 384 385 420 421 422 423 424 463 464 475 476 477"
                             .split(), CENTRAL),
             **dict.fromkeys("577 586 691 692 693 798 799 885 979".split(), MOUNTAIN),
             **dict.fromkeys("835 838".split(), PACIFIC)}

# Sites that may carry a hub: name, state, latitude, longitude of the city.
CITIES = [line.split() for line in """
new-york NJ 40.73 -74.17|boston MA 42.36 -71.06|hartford CT 41.76 -72.68|albany NY 42.65 -73.75|syracuse NY 43.05 -76.15
buffalo NY 42.89 -78.88|philadelphia PA 39.95 -75.17|harrisburg PA 40.27 -76.88|pittsburgh PA 40.44 -79.99
baltimore MD 39.29 -76.61|washington VA 38.80 -77.20|richmond VA 37.54 -77.44|roanoke VA 37.27 -79.94
charlotte NC 35.23 -80.84|greensboro NC 36.07 -79.79|raleigh NC 35.78 -78.64|columbia SC 34.00 -81.03
atlanta GA 33.75 -84.39|savannah GA 32.08 -81.09|jacksonville FL 30.33 -81.66|orlando FL 28.54 -81.38
tampa FL 27.95 -82.46|miami FL 25.90 -80.30|birmingham AL 33.52 -86.80|mobile AL 30.69 -88.04|nashville TN 36.16 -86.78
knoxville TN 35.96 -83.92|memphis TN 35.15 -90.05|jackson MS 32.30 -90.18|new-orleans LA 29.95 -90.07
little-rock AR 34.75 -92.29|louisville KY 38.25 -85.76|cincinnati OH 39.10 -84.51|columbus OH 39.96 -83.00
cleveland OH 41.50 -81.69|toledo OH 41.65 -83.54|detroit MI 42.33 -83.05|grand-rapids MI 42.96 -85.67
indianapolis IN 39.77 -86.16|chicago IL 41.85 -87.75|peoria IL 40.69 -89.59|milwaukee WI 43.04 -87.91
madison WI 43.07 -89.40|minneapolis MN 44.98 -93.27|des-moines IA 41.59 -93.62|fargo ND 46.88 -96.79
sioux-falls SD 43.55 -96.70|omaha NE 41.26 -95.93|kansas-city MO 39.10 -94.58|st-louis MO 38.63 -90.20
wichita KS 37.69 -97.34|oklahoma-city OK 35.47 -97.52|tulsa OK 36.15 -95.99|dallas TX 32.78 -96.80
houston TX 29.76 -95.37|san-antonio TX 29.42 -98.49|austin TX 30.27 -97.74|lubbock TX 33.58 -101.86
el-paso TX 31.76 -106.49|albuquerque NM 35.08 -106.65|denver CO 39.74 -104.99|billings MT 45.78 -108.50
salt-lake-city UT 40.76 -111.89|boise ID 43.62 -116.20|phoenix AZ 33.45 -112.07|las-vegas NV 36.17 -115.14
los-angeles CA 34.05 -118.24|san-diego CA 32.72 -117.16|fresno CA 36.74 -119.79|oakland CA 37.80 -122.27
sacramento CA 38.58 -121.49|reno NV 39.53 -119.81|portland OR 45.52 -122.68|seattle WA 47.61 -122.33
spokane WA 47.66 -117.43
""".replace("\n", "|").split("|") if line.strip()]


def km_between(a, b):
    """Great-circle distance (haversine, mean radius 6371.0088 km) between two (lat, lon)."""
    la, lb = math.radians(a[0]), math.radians(b[0])
    h = math.sin((lb - la) / 2) ** 2 + math.cos(la) * math.cos(lb) * math.sin(math.radians(b[1] - a[1]) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(h))


def state_of_zip3():
    result = {}
    for entry in STATE_RANGES.replace("\n", " ").split(";"):
        words = entry.split()
        for item in words[1:]:
            low, high = item.split("-")
            for z in range(int(low), int(high) + 1):
                result[f"{z:03d}"] = words[0]
    return result


class Area:
    """A ZIP3."""

    def __init__(self, name, state, pos, weight):
        self.name, self.state, self.pos, self.weight = name, state, pos, weight
        self.zone = ZIP3_ZONE.get(name, STATE_ZONE[state])


# The county table has no figures for South Carolina and the District, densities instead of populations for New York
# and no independent cities for Virginia: state totals of 2013 (Census Bureau estimates) ...
STATE_TOTALS = {"NY": 19_651_127, "SC": 4_774_839, "DC": 646_449, "VA": 8_260_405}
# ... and, in thousands, ZIP3 populations put together from the counties and cities of the 2010 census.
ZIP3_THOUSANDS = dict(item.split(":") for item in """
100:1460 101:30 102:95 103:469 104:1385 105:560 106:90 107:230 108:80 109:510 110:230 111:210 112:2505 113:880 114:860
115:760 116:115 117:1240 118:110 119:200 120:380 121:330 122:130 123:165 124:160 125:310 126:60 127:95 128:240 129:135
130:330 131:200 132:240 133:150 134:180 135:70 136:230 137:100 138:90 139:75 140:430 141:90 142:500 143:60 144:300
145:200 146:430 147:170 148:230 149:60
290:430 291:480 292:370 293:520 294:760 295:740 296:800 297:330 298:330 299:230
200:620 202:5 203:5 204:10 205:5 235:245 237:96""".split())


def read_areas(zip3_file, county_file):
    """ZIP3s of the 48 states and DC. Their weight is the approximate population; where the table has none, that of
    the counties nearest to the ZIP3, as far as the state's total leaves room. Then each state's ZIP3s are scaled to
    the sum of its counties, or to STATE_TOTALS."""
    states = state_of_zip3()
    counties = defaultdict(list)
    with open(county_file, encoding="utf-8") as f:
        for row in csv.DictReader(f):
            if row["Population"].strip().isdigit() and row["lat"]:
                counties[row["State"]].append(((float(row["lat"]), float(row["lon"])), int(row["Population"])))
    rows = defaultdict(list)
    with open(zip3_file, encoding="utf-8") as f:
        for row in csv.DictReader(f):
            state = states.get(row["zip3"])
            if state:
                pop = float(row["pop_approx"]) if row["pop_approx"] else None
                if row["zip3"] in ZIP3_THOUSANDS:
                    pop = float(ZIP3_THOUSANDS[row["zip3"]]) * 1000
                rows[state].append([row["zip3"], (float(row["lat"]), float(row["lon"])), pop])
    areas = []
    for state, members in sorted(rows.items()):
        places = counties[STATE_NAMES.get(state, "")]
        total = STATE_TOTALS.get(state) or sum(pop for _, pop in places)
        room = max(0.0, total - sum(pop for _, _, pop in members if pop is not None))
        near = defaultdict(float)
        for pos, pop in places:
            near[min(members, key=lambda m: (km_between(m[1], pos), m[0]))[0]] += pop
        missing = sum(near[m[0]] for m in members if m[2] is None)
        for m in members:
            if m[2] is None:
                m[2] = max(10_000.0, near[m[0]] * min(1.0, room / missing) if missing else 0.0)
        factor = min(max(total / sum(m[2] for m in members), 0.7), 1.4)
        for name, pos, pop in sorted(members):
            weight = int(round(pop * factor))
            if weight > 0:
                areas.append(Area(name, state, pos, weight))
    return areas


# ---------------------------------------------------------------------------------------------- clustering

def k_means(areas, k):
    """Weighted k-means over ZIP3 population: greedy seeds (the area with most population within 150 km not yet
    within 150 km of a seed), then Lloyd's iteration until it stands still (at most 40 rounds)."""
    covered = {a.name: 1.0 for a in areas}
    seeds = []
    reach = 150.0 if k < 40 else 80.0
    near = {a.name: [b for b in areas if km_between(a.pos, b.pos) <= reach] for a in areas}
    for _ in range(k):
        best = max(areas, key=lambda a: (sum(b.weight * covered[b.name] for b in near[a.name]), a.name))
        seeds.append(best.pos)
        for b in near[best.name]:
            covered[b.name] *= 0.12
    centres = seeds
    owner = {}
    for _ in range(40):
        changed = False
        for a in areas:
            c = min(range(k), key=lambda i: (km_between(a.pos, centres[i]), i))
            if owner.get(a.name) != c:
                owner[a.name] = c
                changed = True
        if not changed:
            break
        sums = [[0.0, 0.0, 0.0] for _ in range(k)]
        for a in areas:
            s = sums[owner[a.name]]
            s[0] += a.pos[0] * a.weight
            s[1] += a.pos[1] * a.weight
            s[2] += a.weight
        centres = [(s[0] / s[2], s[1] / s[2]) if s[2] else centres[i] for i, s in enumerate(sums)]
    groups = defaultdict(list)
    for a in areas:
        groups[owner[a.name]].append(a)
    return [(centres[i], groups[i]) for i in sorted(groups)]


# ---------------------------------------------------------------------------------------------- the network

HOURS = 60
DAY = 24 * 60


class Facility:
    def __init__(self, name, carrier, kind, state, zone, pos):
        self.name, self.carrier, self.kind, self.state, self.zone, self.pos = name, carrier, kind, state, zone, pos
        self.offset = UTC_OFFSET[zone] * 60
        self.sorts = []          # [from, to, weekdays, rate], local minutes
        self.handling = 15
        self.stops = 0
        self.load_out = 0
        self.round = 0
        self.area = 0
        self.weight = 0
        self.parent = None


class Lane:
    def __init__(self, a, b, mode, km, transit):
        self.a, self.b, self.mode, self.km, self.transit = a, b, mode, km, transit
        self.departures = []     # (local minutes, weekdays)
        self.pieces = 0


def road_km(a, b):
    return max(5.0, km_between(a.pos, b.pos) * 1.25)


def road_minutes(km):
    """72 km/h door to door (80 on the road) and an hour of stops and relays per eight hours of driving."""
    drive = km / 72 * 60
    return int(math.ceil((15 + drive + 60 * (drive // 480)) / 5) * 5)


def air_minutes(km):
    """800 km/h and three quarters of an hour for taxi, climb, unloading and the ramp."""
    return int(math.ceil((45 + km / 800 * 60) / 5) * 5)


ALL_DAYS = (0, 1, 2, 3, 4, 5, 6)
MON_FRI = (0, 1, 2, 3, 4)
MON_SAT = (0, 1, 2, 3, 4, 5)
TUE_SAT = (1, 2, 3, 4, 5)
DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def weekdays_text(days):
    days = tuple(days)
    if days == ALL_DAYS:
        return "daily"
    if len(days) > 2 and days == tuple(range(days[0], days[-1] + 1)):
        return f"{DAY_NAMES[days[0]]}-{DAY_NAMES[days[-1]]}"
    return "+".join(DAY_NAMES[d] for d in days)


def clock(minutes):
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


# Carriers. `volume` is an ordinary operating day of late 2013: UPS about 15.5 M pieces, FedEx about 10 M, USPS
# parcels about 11 M (rounded from annual reports 2013). `air` is the share that flies: chosen so that an ordinary
# night at Worldport is the published 1.6 M and one at Memphis fills its sort to four fifths (1.5 M); less than all
# express and deferred volume, part of which goes by road. `local` is the share of ground volume that stays in the area
# of its hub, `night` the sort of the air hubs.
CARRIERS = {
    "ups": dict(volume=15_500_000, air=0.12, local=0.30, depots=88, format="ups_1z", days=MON_FRI,
                hubs={"SDF": "UPS", "PHL": "UPS", "CAE": "UPS", "ONT": "UPS", "DFW": "UPS", "RFD": "UPS"},
                world="SDF", world_rate=416_000, night=(22 * 60 + 30, 27 * 60 + 30)),
    "fedex": dict(volume=10_000_000, air=0.18, local=0.30, depots=76, format="fedex_12", days=MON_FRI,
                  hubs={"MEM": "FedEx Express", "IND": "FedEx Express", "EWR": "FedEx Express",
                        "OAK": "FedEx Express", "AFW": "FedEx Express", "GSO": "FedEx Express"},
                  world="MEM", world_rate=484_000, night=(22 * 60 + 30, 26 * 60 + 30)),
    "usps": dict(volume=11_000_000, air=0.15, local=0.35, depots=94, format="usps_22", days=MON_SAT,
                 hubs={"MEM": "FedEx Express"}, world="MEM", world_rate=0, night=(22 * 60 + 30, 26 * 60 + 30)),
}
AIR_HUB_STATE = {"SDF": "KY", "PHL": "PA", "CAE": "SC", "ONT": "CA", "DFW": "TX", "RFD": "IL", "MEM": "TN",
                 "IND": "IN", "EWR": "NJ", "OAK": "CA", "AFW": "TX", "GSO": "NC"}
AIR_HUB_ZONE = {"MEM": CENTRAL, "SDF": EASTERN}
# A regional air hub connects the hubs and depots within this distance; the world hub connects all.
REGIONAL_KM = {"PHL": 650, "CAE": 650, "ONT": 1100, "DFW": 750, "RFD": 650, "IND": 500, "EWR": 600, "OAK": 1100,
               "AFW": 750, "GSO": 550}
HUB_COUNT = 24
TRAILER = 1000          # Pieces in a 53 ft trailer: 800 to 1,500.
DIRECT_PER_DAY = 4000   # Two hubs are connected directly when so many pieces a day go between them ...
NEIGHBOURS = 5          # ... or when one is among the other's nearest so many.

# Sort windows of a ground hub, local minutes (day, twilight, night, preload) and when what they sorted leaves.
# Departures stand on whole hours because load plans change by the hour.
HUB_WINDOWS = [(12 * 60, 17 * 60), (17 * 60, 22 * 60), (22 * 60 + 30, 27 * 60 + 30), (27 * 60 + 30, 32 * 60 + 30)]
HUB_DEPARTURES = [18 * 60, 23 * 60, 4 * 60, 9 * 60]
DEPOT_WINDOW = (3 * 60 + 30, 8 * 60 + 30)
LOAD_OUT = 9 * 60
# When the trucks that collected at shippers reach the hub, local, and the share they bring.
GROUND_PICKUPS = [(17 * 60, 45, 0.9), (18 * 60 + 30, 45, 0.1)]
AIR_PICKUP_DRIVE = 30


def air_pickup(zone):
    """Air freight is collected before ground freight, so that it is sorted first, and earlier in the west: the
    aircraft must make the night sort in the east."""
    return {EASTERN: 16 * 60 + 45, CENTRAL: 16 * 60 + 45, MOUNTAIN: 16 * 60, PHOENIX: 16 * 60,
            PACIFIC: 15 * 60 + 15}[zone]


def air_departure(hub, air_hub, transit):
    """Whole local hour at which the evening aircraft leaves: to be at the air hub two and a half hours before its sort
    ends (two hours from the Pacific), not after 22:00 and not before 18:00."""
    latest = air_hub.sorts[0][1] - 150 + (30 if hub.zone == PACIFIC else 0)
    local = latest - transit - air_hub.offset + hub.offset
    local = (local // 60) * 60
    return max(18 * 60, min(22 * 60, local))


def night_sort(air_hub):
    """Regional hubs in the Central zone sort an hour earlier, so that their aircraft are in the east in time."""
    start, end = CARRIERS[air_hub.carrier]["night"]
    early = 60 if air_hub.zone == CENTRAL and air_hub.iata != CARRIERS[air_hub.carrier]["world"] else 0
    return start - early, end - early


class Network:
    """Facilities and lanes of one carrier, and the planned flow over them."""

    def __init__(self, carrier, areas, hub_sites, air_hub_rows):
        self.carrier, self.areas = carrier, areas
        self.spec = CARRIERS[carrier]
        self.facilities, self.lanes, self.hubs, self.depots, self.air_hubs = [], [], [], [], []
        self.coverage = {}
        total = sum(a.weight for a in areas)
        for name, state, pos, zone in hub_sites:
            f = Facility(f"{carrier}-{name}", carrier, "hub", state, zone, pos)
            f.city = name
            f.handling = 20
            self.hubs.append(f)
        for centre, group in k_means(areas, self.spec["depots"]):
            # The depot stands at its most populous ZIP3.
            seat = max(group, key=lambda a: (a.weight, a.name))
            name = f"{carrier}-{seat.state.lower()}-{seat.name}"
            f = Facility(name, carrier, "depot", seat.state, seat.zone, seat.pos)
            f.weight = sum(a.weight for a in group) / total
            f.handling, f.load_out, f.round = 15, LOAD_OUT, 9 * 60
            spread = math.sqrt(sum(a.weight * km_between(a.pos, f.pos) ** 2 for a in group) /
                               sum(a.weight for a in group))
            f.area = round(math.pi * (1.5 * max(spread, 15)) ** 2)
            f.parent = min(self.hubs, key=lambda h: (km_between(h.pos, f.pos), h.name))
            self.depots.append(f)
            for a in group:
                self.coverage[a.name] = f
        self.depots.sort(key=lambda f: f.name)
        for h in self.hubs:
            h.weight = sum(f.weight for f in self.depots if f.parent is h)
        self.hubs = [h for h in self.hubs if h.weight > 0]
        for row in air_hub_rows:
            if self.spec["hubs"].get(row["iata"]) == row["carrier"]:
                iata = row["iata"]
                state = AIR_HUB_STATE[iata]
                f = Facility(f"{carrier}-{iata.lower()}", carrier, "air_hub", state,
                             AIR_HUB_ZONE.get(iata, STATE_ZONE[state]), (float(row["lat"]), float(row["lon"])))
                f.iata, f.handling = iata, 20
                self.air_hubs.append(f)
        self.facilities = self.hubs + self.air_hubs + self.depots
        self.index = {f.name: i for i, f in enumerate(self.facilities)}
        self.make_windows()
        self.make_lanes()

    # -- timetables

    def make_windows(self):
        for h in self.hubs:
            h.sorts = [[a, b, self.spec["days"], 0] for a, b in HUB_WINDOWS]
        for h in self.air_hubs:
            h.sorts = [[*night_sort(h), self.spec["days"], 0]]
        for f in self.depots:
            f.sorts = [[*DEPOT_WINDOW, ALL_DAYS, 0]]

    def ground_pair_flow(self, a, b):
        ground = self.spec["volume"] * (1 - self.spec["air"]) * (1 - self.spec["local"])
        return ground * a.weight * b.weight

    def lane(self, a, b, mode, km, transit, times, days):
        lane = Lane(a, b, mode, int(round(km)), transit)
        lane.departures = [(t, days) for t in times]
        self.lanes.append(lane)

    def make_lanes(self):
        work = self.spec["days"]
        after = tuple(sorted((d + 1) % 7 for d in work))
        for a in self.hubs:
            others = sorted((b for b in self.hubs if b is not a), key=lambda b: (km_between(a.pos, b.pos), b.name))
            for rank, b in enumerate(others):
                back = sorted((c for c in self.hubs if c is not b), key=lambda c: (km_between(b.pos, c.pos), c.name))
                if rank < NEIGHBOURS or back.index(a) < NEIGHBOURS or self.ground_pair_flow(a, b) >= DIRECT_PER_DAY:
                    km = road_km(a, b)
                    lane = Lane(a, b, "road", int(round(km)), road_minutes(km))
                    # 04:00 and 09:00 carry what was sorted in the night that began the day before.
                    lane.departures = [(18 * 60, work), (23 * 60, work), (4 * 60, after), (9 * 60, after)]
                    self.lanes.append(lane)
        for f in self.depots:
            km = road_km(f.parent, f)
            minutes = road_minutes(km)
            times = [(18 * 60, ALL_DAYS), (23 * 60, ALL_DAYS), (4 * 60, ALL_DAYS), (9 * 60, ALL_DAYS)]
            if minutes <= 120:
                times.append((6 * 60, ALL_DAYS))
            lane = Lane(f.parent, f, "road", int(round(km)), minutes)
            lane.departures = sorted(times)
            self.lanes.append(lane)
            self.lane(f, f.parent, "road", km, minutes, [10 * 60, 19 * 60], ALL_DAYS)   # Wrong loads, returns.
        for air_hub in self.air_hubs:
            reach = REGIONAL_KM.get(air_hub.iata, 1e9) if air_hub.iata != self.spec["world"] else 1e9
            for h in self.hubs:
                km = km_between(h.pos, air_hub.pos)
                if km > reach:
                    continue
                transit = air_minutes(max(km, 60))
                self.lane(h, air_hub, "air", max(km, 5), transit, [air_departure(h, air_hub, transit)], work)
            for f in self.depots:
                km = km_between(f.pos, air_hub.pos)
                if km > reach:
                    continue
                close = air_hub.sorts[0][1] + 30
                self.lane(air_hub, f, "air", max(km, 5), air_minutes(max(km, 60)), [close - DAY], after)

    # -- the load plan: the same rule as the engine's, shortest expected time by hour of the day

    def slots(self, f, local):
        return ((local - f.offset) // 60) % 24

    def sorted_at(self, f, utc):
        """When a piece that arrives at `utc` (minutes, Tuesday is [0, 1440)) finds an open sorter."""
        ready = utc + f.handling
        best = None
        for a, b, _, _ in f.sorts:
            for day in range(-2, 4):
                lo, hi = a - f.offset + day * DAY, b - f.offset + day * DAY
                if hi > ready:
                    t = max(ready, lo)
                    best = t if best is None else min(best, t)
        return best

    def plan_routes(self):
        n = len(self.facilities)
        self.next = {}
        for mode in ("road", "air"):
            rides = defaultdict(list)
            into = [[] for _ in range(n * 48)]   # reversed: (vertex from which, minutes)
            for i, f in enumerate(self.facilities):
                for s in range(24):
                    into[i * 48 + 24 + (s + 1) % 24].append((i * 48 + 24 + s, 60))
                    t = s * 60 + 30
                    done = self.sorted_at(f, t)
                    into[i * 48 + 24 + (done // 60) % 24].append((i * 48 + s, max(1, done - t)))
            for k, lane in enumerate(self.lanes):
                if mode == "road" and lane.mode == "air":
                    continue
                i, j = self.index[lane.a.name], self.index[lane.b.name]
                for local, _ in lane.departures:
                    dep = local - lane.a.offset
                    last = dep - 30
                    middle = last - last % 60 + 30
                    slot, to_slot = (last // 60) % 24, ((dep + lane.transit) // 60) % 24
                    took = dep - middle + lane.transit
                    rides[i].append((k, slot, j, to_slot, took))
                    into[j * 48 + to_slot].append((i * 48 + 24 + slot, took))
            for depot in self.depots:
                goal = self.index[depot.name]
                dist = [1 << 30] * (n * 48)
                heap = []
                for s in range(24):
                    dist[goal * 48 + s] = 0
                    heap.append((0, goal * 48 + s))
                heapq.heapify(heap)
                while heap:
                    d, v = heapq.heappop(heap)
                    if d > dist[v]:
                        continue
                    for u, w in into[v]:
                        if d + w < dist[u]:
                            dist[u] = d + w
                            heapq.heappush(heap, (d + w, u))
                table = {}
                for i in range(n):
                    for s in range(24):
                        best = None
                        for k, slot, j, to_slot, took in rides[i]:
                            onward = dist[j * 48 + to_slot]
                            if onward >= 1 << 30:
                                continue
                            cost = ((slot - s) % 24) * 60 + took + onward
                            if best is None or (cost, k) < best:
                                best = (cost, k)
                        if best:
                            table[i, s] = best[1]
                self.next[mode, depot.name] = table

    # -- planned flow

    def window_of(self, f, utc):
        """The weekly sort window (index, opening instant, closing instant) that takes a piece arriving at `utc`
        (minutes from Monday 00:00 UTC): the one open then, unless it closes within half an hour."""
        week = ((utc + f.handling) // (7 * DAY)) * 7 * DAY
        ready = utc + f.handling - week
        known = self.windows.get((f.name, ready))
        if known is None:
            best = None
            for w, (a, b, days, _) in enumerate(f.sorts):
                for shift in (-7 * DAY, 0, 7 * DAY):
                    for d in days:
                        lo, hi = a - f.offset + d * DAY + shift, b - f.offset + d * DAY + shift
                        if hi - 30 > ready and (best is None or lo < best[1]):
                            best = (w, lo, hi)
            known = self.windows[f.name, ready] = best
        return known[0], known[1] + week, known[2] + week

    def next_departure(self, lane, utc):
        week = (utc // (7 * DAY)) * 7 * DAY
        known = self.soonest.get((id(lane), utc - week))
        if known is None:
            known = self.soonest[id(lane), utc - week] = min(
                t for local, days in lane.departures for d in days for shift in (-7 * DAY, 0, 7 * DAY)
                if (t := local - lane.a.offset + d * DAY + shift) >= utc - week)
        return known + week

    def walk(self, hub, depot, mode, arrive):
        """Follows one piece by timetable without queues. Returns its steps and when it is sorted at the depot."""
        at, t, steps = hub, arrive, []
        for _ in range(12):
            w, lo, hi = self.window_of(at, t)
            ready = max(t + at.handling, lo)
            if at is depot:
                steps.append(("sort", at, w, t, hi, lo))
                return steps, hi
            # Planned to be sorted an hour after arrival (aircraft wait for nobody), at the latest when the
            # window closes.
            if mode == "air" and at.kind == "hub":
                done = min(ready + 75, hi)
            elif at.kind == "hub" and w == 3 and hi - ready > 150:
                done = min(ready + 90, hi)    # Early preload: the 06:00 run to the near depots.
            else:
                done = hi
            slot = ((done + 5) // 60) % 24
            k = self.next[mode, depot.name].get((self.index[at.name], slot))
            if k is None:
                return None, None
            lane = self.lanes[k]
            dep = self.next_departure(lane, done + 5)
            deadline = dep - 15 if lane.mode == "air" else hi
            steps.append(("sort", at, w, t, deadline, lo))
            steps.append(("lane", lane, dep))
            t = dep + lane.transit
            at = lane.b
        return None, None

    def flows(self):
        """(origin hub, depot, mode, arrival slots, pieces per ordinary working day)"""
        spec = self.spec
        ground, air = spec["volume"] * (1 - spec["air"]), spec["volume"] * spec["air"]
        total = sum(a.weight for a in self.areas)
        near = defaultdict(float)   # Local volume of a ZIP3 starts at the hub nearest to it, not to its depot.
        for a in self.areas:
            hub = min(self.hubs, key=lambda h: (km_between(h.pos, a.pos), h.name))
            near[hub.name, self.coverage[a.name].name] += a.weight / total
        for h in self.hubs:
            for f in self.depots:
                yield h, f, "road", ground * ((1 - spec["local"]) * h.weight * f.weight +
                                              spec["local"] * near[h.name, f.name])
                yield h, f, "air", air * h.weight * f.weight

    def plan(self):
        """Walks every flow once per pickup: self.batches for the rates of the sorts, self.days_needed for published
        transit and rounds."""
        self.plan_routes()
        self.windows, self.soonest = {}, {}
        self.batches = defaultdict(list)      # (facility name, window, opening) -> (arrival, deadline, pieces, mode)
        self.days_needed = defaultdict(list)  # mode -> (hub, depot, weekday, ready for the round at local day, pieces)
        self.hops = defaultdict(float)
        for hub, depot, mode, pieces in self.flows():
            arrivals = ([(t + drive, share) for t, drive, share in GROUND_PICKUPS] if mode == "road"
                        else [(air_pickup(hub.zone) + AIR_PICKUP_DRIVE, 1.0)])
            for d in self.spec["days"]:
                for local, share in arrivals:
                    steps, done = self.walk(hub, depot, mode, local - hub.offset + d * DAY)
                    if steps is None:
                        raise SystemExit(f"no way from {hub.name} to {depot.name} by {mode}")
                    n = pieces * share
                    for step in steps:
                        if step[0] == "sort":
                            _, f, w, t, deadline, lo = step
                            key = lo % (7 * DAY)
                            self.batches[f.name, w, key].append((t + f.handling - lo, deadline - lo, n, mode))
                    self.hops[mode, sum(1 for s in steps if s[0] == "lane")] += n
                    # Local day of the round that can take it.
                    local_done = done + depot.offset
                    self.days_needed[mode].append((hub, depot, d, local_done // DAY, n))

    def flow(self):
        """The planned flow through the sorters: two ordinary weeks, hour by hour, first come first served at the rates
        of the sorts, lanes without limit. The second week gives self.lane_load. What a walk cannot know is here: a
        piece sorted early in a window may take another lane than one sorted late."""
        sources = defaultdict(list)
        for hub, depot, mode, pieces in self.flows():
            arrivals = ([(t + drive, share) for t, drive, share in GROUND_PICKUPS] if mode == "road"
                        else [(air_pickup(hub.zone) + AIR_PICKUP_DRIVE, 1.0)])
            for local, share in arrivals:
                sources[hub.name, local].append(((depot.name, mode), pieces * share))
        arriving = defaultdict(list)          # hour -> [(minute, facility, {(depot, mode): pieces})]
        for (hub_name, local), flows in sorted(sources.items()):
            hub = self.facilities[self.index[hub_name]]
            for week in (0, 1):
                for d in self.spec["days"]:
                    t = local - hub.offset + d * DAY + week * 7 * DAY
                    arriving[t // 60].append((t, hub, dict(flows)))
        leaving = defaultdict(list)           # minute -> lanes
        for lane in self.lanes:
            for local, days in lane.departures:
                for week in (-1, 0, 1, 2):
                    for d in days:
                        t = local - lane.a.offset + d * DAY + week * 7 * DAY
                        if 0 <= t < 14 * DAY:
                            leaving[t].append(lane)
        opening = {}
        for f in self.facilities:
            spans = []
            for a, b, days, rate in f.sorts:
                for week in (-1, 0, 1, 2):
                    for d in days:
                        shift = d * DAY + week * 7 * DAY - f.offset
                        spans.append((a + shift, b + shift, rate))
            opening[f.name] = sorted(spans)
        queue = defaultdict(list)
        dock = defaultdict(lambda: defaultdict(float))
        self.lane_load = defaultdict(lambda: defaultdict(float))
        for hour in range(14 * 24):
            start = hour * 60
            for lane in leaving[start]:
                load = dock.pop(id(lane), None)
                if not load:
                    continue
                if start >= 7 * DAY:
                    for (_, mode), n in load.items():
                        self.lane_load[id(lane)][start % (7 * DAY), mode] += n
                t = start + lane.transit
                if lane.b.kind != "depot":
                    arriving[t // 60].append((t, lane.b, load))
            for t, f, load in sorted(arriving.pop(hour, []), key=lambda x: (x[0], x[1].name)):
                queue[f.name].append([t + f.handling, sum(load.values()), load])
            for name, waiting in queue.items():
                i = self.index[name]
                for lo, hi, rate in opening[name]:
                    lo, hi = max(lo, start), min(hi, start + 60)
                    while lo < hi and waiting and waiting[0][0] < hi:
                        ready, total, load = waiting[0]
                        lo = max(lo, ready)
                        share = min(1.0, rate * (hi - lo) / 60 / total) if total > 0 else 1.0
                        slot = hour % 24
                        for (depot, mode), n in load.items():
                            k = self.next[mode, depot][i, slot]
                            dock[id(self.lanes[k])][depot, mode] += n * share
                        lo += total * share / rate * 60
                        if share >= 1.0:
                            waiting.pop(0)
                        else:
                            waiting[0][1] = total * (1 - share)
                            waiting[0][2] = {key: n * (1 - share) for key, n in load.items()}
                            break
        self.backlog = sum(total for waiting in queue.values() for _, total, _ in waiting)

    @staticmethod
    def needed_rate(batches):
        """Smallest constant rate (pieces an hour) that sorts every batch, first come first served, by its deadline."""
        merged = defaultdict(float)
        for t, deadline, n, _ in batches:
            merged[max(0, t) // 5 * 5, deadline] += n
        rows = sorted((t, deadline, n) for (t, deadline), n in merged.items())
        rate = 0.0
        for i in range(len(rows)):
            work = 0.0
            for _, deadline, n in rows[i:]:
                work += n
                rate = max(rate, work / max(deadline - rows[i][0], 20) * 60)
        return rate

    def prune(self):
        """Takes out departures between ground hubs that the plan leaves nearly empty, and lanes without departures."""
        for lane in self.lanes:
            if lane.mode != "road" or lane.a.kind != "hub" or lane.b.kind != "hub":
                continue
            load = self.lane_load[id(lane)]
            by_time = defaultdict(float)
            for (t, _), n in load.items():
                by_time[(t + lane.a.offset) % DAY] += n
            total = sum(by_time.values())
            lane.departures = [(t, days) for t, days in lane.departures if 0 < by_time[t] >= 0.06 * total]
        self.lanes = [lane for lane in self.lanes if lane.departures]

    def size_sorts(self):
        """Rates that sort an ordinary week's fullest window, piece by piece in time, at the planned utilisation."""
        u = UTILISATION
        self.sort_note = {}
        for f in self.facilities:
            for w, window in enumerate(f.sorts):
                need, load = 0.0, 0.0
                for (name, i, _), batches in self.batches.items():
                    if name == f.name and i == w:
                        need = max(need, self.needed_rate(batches))
                        load = max(load, sum(n for _, _, n, _ in batches))
                if f.kind == "air_hub" and f.iata == self.spec["world"] and self.spec["world_rate"]:
                    rate = self.spec["world_rate"]
                else:
                    rate = int(math.ceil(max(need / u["sort"], 1000) / 500) * 500)
                window[3] = rate
                self.sort_note[f.name, w] = (load, need)

    def size(self):
        """Base capacities from the planned loads. An ordinary week's fullest departure, sort window and round uses
        the share UTILISATION of them; aircraft are sized on the fullest night that the season's plan contains."""
        u = UTILISATION
        factors = seasonal_factors(self.carrier)
        peak = {c: max(season_max(self.carrier, c, a, b) / linehaul for a, b, _, linehaul, _ in factors)
                for c in ("ground", "air")}
        for lane in self.lanes:
            total, air = defaultdict(float), defaultdict(float)
            for (t, mode), n in self.lane_load[id(lane)].items():
                total[t] += n
                if mode == "air":
                    air[t] += n
            load = max(total.values(), default=0.0)
            lane.load = load
            lane.daily = sum(total.values()) / len(self.spec["days"])
            # A small lane needs more room for chance: two and a half standard deviations of a hundredth of it.
            chance = load + 2.5 * math.sqrt(load / 0.01)
            if lane.a.kind == "depot":   # No planned flow: wrong loads and returns, one in a hundred pieces.
                lane.pieces = int(math.ceil(0.01 * self.spec["volume"] * lane.a.weight / TRAILER)) * TRAILER
            elif lane.mode == "air":
                room = max(load * peak["air"] * AIR_HEADROOM[self.carrier], chance)
                lane.pieces = max(300, int(math.ceil(room / 50) * 50))
            else:
                fullest = max(total, key=lambda t: (total[t], t)) if total else None
                ground = load - air[fullest] if total else 0.0
                with_season = max(ground / u["road"],
                                  (ground * peak["ground"] + (load - ground) * peak["air"]) / u["peak_road"])
                lane.pieces = max(1, int(math.ceil(max(with_season, load / u["road"], chance) / TRAILER))) * TRAILER
        loads = defaultdict(lambda: defaultdict(float))
        for mode in self.days_needed:
            for hub, depot, d, day, n in self.days_needed[mode]:
                delivery = first_open(day, DELIVERY_DAYS[self.carrier, mode])
                loads[depot.name][delivery % 7] += n
        for f in self.depots:
            f.round_load = max(loads[f.name].values())
            f.round_mean = sum(loads[f.name].values()) / len(DELIVERY_DAYS[self.carrier, "road"])
            f.stops = int(math.ceil(f.round_load / u["rounds"] / 100) * 100)

    def transit_days(self, mode):
        """[(km, published days needed, pieces)] over origin hubs, ZIP3s and weekdays of tender."""
        members = defaultdict(list)
        for a in self.areas:
            members[self.coverage[a.name].name].append(a)
        merged = {}
        for hub, depot, d, day, n in self.days_needed[mode]:
            key = hub.name, depot.name, d, day
            merged[key] = merged.get(key, 0.0) + n
        hubs = {h.name: h for h in self.hubs}
        transit, delivery = TRANSIT_DAYS[self.carrier, mode], DELIVERY_DAYS[self.carrier, mode]
        rows = []
        for (hub, depot, d, day), n in sorted(merged.items()):
            actual = first_open(day, delivery)
            count, published = 0, d
            while first_open(published, delivery) < actual or count == 0:
                published = first_open(published + 1, transit)
                count += 1
            total = sum(a.weight for a in members[depot])
            for a in members[depot]:
                rows.append((km_between(hubs[hub].pos, a.pos), count, n * a.weight / total))
        return rows


def first_open(day, weekdays):
    while day % 7 not in weekdays:
        day += 1
    return day


def bands(rows, tolerance=0.012, most=7):
    """Published transit by distance: the widest band for each number of days within which at most `tolerance` of the
    pieces need longer."""
    edges = [50, 100, 150, 200, 250, 300, 350, 400, 500, 600, 700, 800, 900, 1000, 1200, 1400, 1600, 1800, 2000, 2200,
             2400, 2600, 2800, 3000, 3200, 3400, 3600, 3800, 4000, 4300, 4600, 6000]
    result, low = [], 0
    for days in range(1, most + 1):
        best = None
        for edge in edges:
            if edge <= low:
                continue
            inside = [(c, n) for km, c, n in rows if low < km <= edge or (low == 0 and km == 0)]
            total = sum(n for _, n in inside)
            if total > 0 and sum(n for c, n in inside if c > days) <= tolerance * total:
                best = edge
        if best:
            result.append((best, days))
            low = best
        if low >= edges[-1]:
            break
    result[-1] = ("any", result[-1][1])
    return result


# ---------------------------------------------------------------------------------------------- the season of 2013

# Share of capacity that an ordinary week's fullest departure, sort or round uses, and that the planned peak uses.
UTILISATION = {"road": 0.78, "peak_road": 0.86, "sort": 0.78, "peak_sort": 0.80, "rounds": 0.86, "peak_rounds": 0.95}
# Aircraft over the fullest planned night. UPS planned 8 % growth; aircraft cannot be hired in December.
AIR_HEADROOM = {"ups": 1.08, "fedex": 1.08, "usps": 1.12}

DELIVERY_DAYS = {("ups", "road"): MON_FRI, ("ups", "air"): MON_FRI, ("fedex", "road"): TUE_SAT,
                 ("fedex", "air"): MON_FRI, ("usps", "road"): MON_SAT, ("usps", "air"): MON_SAT}
TRANSIT_DAYS = {("ups", "road"): MON_FRI, ("ups", "air"): MON_FRI, ("fedex", "road"): MON_FRI,
                ("fedex", "air"): MON_FRI, ("usps", "road"): MON_SAT, ("usps", "air"): MON_SAT}
HOLIDAYS_2013 = "2013-11-28 2013-12-25 2014-01-01"

# Planned tender relative to an ordinary operating day, by first date; it holds until the next one.
SEASON = {
    "ups-ground": """11-25 1.10|11-28 0.20|11-29 0.90|12-02 1.40|12-09 1.50|12-16 1.68|12-19 1.58|12-20 1.50
                     |12-21 1.2|12-23 1.15|12-24 0.55|12-25 0.1|12-26 0.95|01-01 0.1|01-02 0.92""",
    "ups-air": """11-25 1.0|11-28 0.2|11-29 0.8|12-02 1.20|12-09 1.35|12-16 1.50|12-17 1.60|12-18 1.75|12-19 1.90
                  |12-20 2.05|12-23 2.15|12-24 0.40|12-25 0.1|12-26 0.90|01-01 0.1|01-02 0.95""",
    "fedex-ground": """11-25 1.15|11-28 0.20|11-29 1.10|12-02 2.30|12-03 1.90|12-04 1.60|12-09 1.85|12-10 1.60
                       |12-16 1.85|12-17 1.70|12-19 1.55|12-20 1.40|12-23 1.00|12-24 0.5|12-25 0.1|12-26 0.95
                       |01-01 0.1|01-02 0.92""",
    "fedex-air": """11-25 1.0|11-28 0.2|11-29 0.8|12-02 1.70|12-03 1.35|12-09 1.45|12-10 1.40|12-16 1.60|12-18 1.65
                    |12-19 1.75|12-20 1.85|12-23 1.95|12-24 0.40|12-25 0.1|12-26 0.90|01-01 0.1|01-02 0.95""",
    "usps-ground": """11-25 1.05|11-28 0.20|11-29 1.0|12-02 1.40|12-09 1.55|12-16 1.78|12-19 1.60|12-21 1.30|12-23 1.0
                      |12-24 0.5|12-25 0.1|12-26 0.9|01-01 0.1|01-02 0.92""",
    "usps-air": """11-25 1.0|11-28 0.2|11-29 1.0|12-02 1.35|12-09 1.50|12-16 1.78|12-19 1.80|12-22 1.65|12-23 1.60
                   |12-24 0.45|12-25 0.1|12-26 0.9|01-01 0.1|01-02 0.92""",
    "retail": """11-25 1.20|11-27 1.30|11-28 1.70|11-29 2.60|11-30 1.60|12-01 1.80|12-02 3.00|12-03 2.00|12-04 1.50
                 |12-09 1.90|12-10 1.65|12-14 1.55|12-16 1.80|12-18 1.65|12-19 1.50|12-20 1.25|12-21 1.00|12-22 0.90
                 |12-23 0.65|12-24 0.35|12-25 0.45|12-26 0.90|12-30 0.80""",
}
SEASON_FROM, SEASON_DAYS = datetime.date(2013, 11, 25), 42


def season_table():
    table = {}
    for name, text in SEASON.items():
        marks = {}
        for item in text.replace("\n", " ").split("|"):
            day, factor = item.split()
            month, number = (int(x) for x in day.split("-"))
            marks[datetime.date(2014 if month == 1 else 2013, month, number)] = float(factor)
        value = 1.0
        for i in range(SEASON_DAYS):
            date = SEASON_FROM + datetime.timedelta(i)
            value = marks.get(date, value)
            table[name, date] = value
    return table


SEASON_TABLE = season_table()


def season_max(carrier, kind, first, last):
    """Largest planned factor of a class that is in the network between two dates: ground stays up to four days."""
    back = 4 if kind == "ground" else 1
    return max(SEASON_TABLE.get((f"{carrier}-{kind}", first + datetime.timedelta(i)), 1.0)
               for i in range(-back, (last - first).days + 1))


CAPACITY_RANGES = [((2013, 11, 25), (2013, 12, 1)), ((2013, 12, 2), (2013, 12, 8)), ((2013, 12, 9), (2013, 12, 15)),
                   ((2013, 12, 16), (2013, 12, 22)), ((2013, 12, 23), (2013, 12, 27)), ((2013, 12, 28), (2014, 1, 3))]


def seasonal_factors(carrier):
    """Planned capacity by date range: what keeps the planned season within the peak utilisation."""
    u, rows = UTILISATION, []
    for first, last in CAPACITY_RANGES:
        first, last = datetime.date(*first), datetime.date(*last)
        ground, air = season_max(carrier, "ground", first, last), season_max(carrier, "air", first, last)
        linehaul = max(1.0, ground * u["road"] / u["peak_road"])
        sort = max(1.0, max(ground, air) * u["sort"] / u["peak_sort"])
        rounds = max(1.0, ground * u["rounds"] / u["peak_rounds"])
        rows.append((first, last, round(sort, 2), round(linehaul, 2), round(rounds, 2)))
    return rows


# Orders over the plan. UPS met 31 M pieces where it had planned 29 M; online orders grew 37 % on the last weekend
# and 63 % on 23 December over the year before, carriers had planned for 8 %: 1.37/1.08 = 1.27, 1.63/1.08 = 1.51.
SURGE_WEEKEND, SURGE_MONDAY = 1.27, 1.51
# Calibrated, within those bounds, so that a run gives the published outcome (express due 24 Dec on time: UPS 83 %,
# FedEx 90 %): tender of air freight over each carrier's own plan, on 19-22 December and on the 23rd.
AIR_SURGE = {"ups": (1.12, 1.31), "fedex": (1.08, 1.20), "usps": (1.05, 1.10)}
GROUND_SURGE = {"ups": 1.08, "fedex": 1.04, "usps": 1.03}

RETAILER_NODES = [  # name, state, zone, position: near real logistics parks; the retailer is invented.
    ("hebron", "KY", EASTERN, (39.07, -84.70)), ("dallas", "TX", CENTRAL, (32.97, -97.02)),
    ("edison", "NJ", EASTERN, (40.52, -74.36)), ("inland-empire", "CA", PACIFIC, (34.06, -117.60)),
    ("joliet", "IL", CENTRAL, (41.52, -88.08)),
]
RETAILER_PER_DAY = 20_000
COLLECTED_KM = 400      # A carrier collects at a retailer's site when it has a hub within this distance.

# Service, mode, tier, commit time, rates: [(km_max, base, per_kg)], residential, fuel. Rates are assumptions: about
# the negotiated prices of a mid-large shipper in 2013 (list prices less 35 to 45 %).
SERVICES = {
    "ups": [("ups-next-day-air", "air", "express", "20:00",
             [(400, 11.0, .90), (1000, 14.5, 1.3), (2000, 18.0, 1.9), ("any", 21.0, 2.4)], 1.80, .105),
            ("ups-2nd-day-air", "air", "standard", "20:00",
             [(400, 7.5, .55), (1000, 8.6, .80), (2000, 10.2, 1.1), ("any", 11.8, 1.4)], 1.80, .105),
            ("ups-ground", "road", "standard", "24:00",
             [(240, 4.9, .18), (500, 5.2, .22), (1000, 5.5, .28), (2000, 6.1, .38), ("any", 6.9, .50)], 1.55, .07)],
    "fedex": [("fedex-standard-overnight", "air", "express", "20:00",
               [(400, 10.6, .90), (1000, 14.1, 1.3), (2000, 17.6, 1.9), ("any", 20.5, 2.4)], 1.80, .10),
              ("fedex-2day", "air", "standard", "20:00",
               [(400, 7.4, .55), (1000, 8.4, .80), (2000, 10.0, 1.1), ("any", 11.5, 1.4)], 1.80, .10),
              ("fedex-home-delivery", "road", "standard", "24:00",
               [(240, 4.8, .18), (500, 5.1, .22), (1000, 5.4, .28), (2000, 6.0, .38), ("any", 6.8, .50)], 1.50, .07)],
    "usps": [("usps-priority-express", "air", "express", "20:00",
              [(400, 13.1, .9), (1000, 16.0, 1.5), (2000, 20.5, 2.2), ("any", 23.0, 2.8)], 0, 0),
             ("usps-priority", "air", "standard", "24:00",
              [(240, 4.7, .35), (1000, 5.1, .60), (2000, 5.7, 1.0), ("any", 6.3, 1.5)], 0, 0),
             ("usps-parcel-select", "road", "economy", "24:00",
              [(240, 3.3, .20), (1000, 3.9, .30), (2000, 4.4, .42), ("any", 4.9, .55)], 0, 0)],
}
# Published days of the air services: next day and second day everywhere in the 48 states; Priority 2 to 3 days.
AIR_DAYS = {"ups-next-day-air": [("any", 1)], "ups-2nd-day-air": [("any", 2)],
            "fedex-standard-overnight": [("any", 1)], "fedex-2day": [("any", 2)],
            "usps-priority-express": [(1600, 1), ("any", 2)], "usps-priority": [(700, 2), ("any", 3)]}
NEXT_DAY_SHARE = {"ups": 0.55, "fedex": 0.65, "usps": 0.10}   # Of a carrier's air volume.


# ---------------------------------------------------------------------------------------------- tables

class Tables:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)

    def write(self, name, sources, header, rows):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8", newline="\n") as f:
            f.write("# Written by ../derive_us_network.py; method and sources in ../NETWORK.md.\n")
            for line in sources:
                f.write(f"# {line}\n")
            f.write(",".join(header) + "\n")
            for row in rows:
                f.write(",".join(quoted(v) for v in row) + "\n")


def quoted(value):
    text = "" if value is None else str(value)
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"') else text


def degrees(x):
    return f"{x:.4f}"


def round_shares(weights):
    """Shares of six decimals that sum to exactly 1."""
    total = sum(weights.values())
    shares = {k: round(v / total, 6) for k, v in weights.items()}
    largest = max(shares, key=lambda k: (shares[k], k))
    shares[largest] = round(shares[largest] + 1 - sum(shares.values()), 6)
    return shares


# First lines of tables that tell of a year.
NOTES = {
    "facilities": ["Air hubs: real sites (UPS 10-K 2013, Reuters, panethos 2013; FedEx: Commercial Appeal 2021, hackersqueeze",
                   "2024). Hubs and depots: derived, clusters of population; names say where, not that such a building exists."],
    "services": ["Residential delivery: express by the end of the day (8 pm), ground by midnight. Prices: assumptions, near the",
                 "negotiated rates of a mid-large shipper; fuel surcharges of December 2013 (air 10 %, ground 7 %)."],
    "coverage": ["Every ZIP3 belongs to one depot of each carrier (its cluster)."],
    "calendars": ["2013: UPS delivered Monday to Friday, FedEx Home Delivery Tuesday to Saturday, the Postal Service Monday to",
                  "Saturday. Holidays: Thanksgiving, Christmas Day, New Year's Day where the horizon has them."],
}


def write_world(tables, networks, areas, shippers, retailer_carriers):
    """The tables all scenarios have in common."""
    tables.write("demand.csv", [
        "One row per ZIP3 of the 48 contiguous states and DC; position: mean of its ZIP codes;",
        "weight: approximate population (US Census figures by county, scaled to state totals)."],
        ["destination", "region", "zone", "lat", "lon", "weight"],
        [[a.name, a.state, a.zone, degrees(a.pos[0]), degrees(a.pos[1]), a.weight] for a in areas])

    rows, sort_rows, lane_rows, cover_rows = [], [], [], []
    for net in networks:
        for f in net.facilities:
            depot = f.kind == "depot"
            rows.append([f.name, f.carrier, f.kind, f.state, f.zone, degrees(f.pos[0]), degrees(f.pos[1]),
                         f"{f.handling}m", f.stops if depot else "", clock(f.load_out) if depot else "",
                         f"{f.round // 60}h" if depot else "", f.area if depot else ""])
            for a, b, days, rate in f.sorts:
                sort_rows.append([f.name, clock(a % DAY), clock(b % DAY if b > DAY else b),
                                  weekdays_text(shifted(days, a // DAY)), rate])
        for lane in net.lanes:
            by_days = defaultdict(list)
            for t, days in lane.departures:
                by_days[tuple(shifted(days, t // DAY))].append(clock(t % DAY))
            for days, times in sorted(by_days.items()):
                lane_rows.append([lane.a.name, lane.b.name, lane.mode, lane.km, f"{lane.transit}m",
                                  " ".join(sorted(times)), weekdays_text(days), "0m", lane.pieces])
        for a in net.areas:
            cover_rows.append([net.carrier, a.name, net.coverage[a.name].name])
    tables.write("facilities.csv", NOTES["facilities"],
        ["facility", "carrier", "kind", "region", "zone", "lat", "lon", "handling", "stops_per_day", "load_out",
         "round_length", "area_km2"], rows)
    tables.write("sorts.csv", [
        "Windows: day, twilight, night, preload of a ground hub; the night sort of an air hub; preload of a depot.",
        "Rates: world hubs as published (Worldport 416,000 an hour, Memphis 484,000); the others sized on the plan."],
        ["facility", "from", "to", "weekdays", "pieces_per_hour"], sort_rows)
    tables.write("lanes.csv", [
        "Road: great circle x 1.25 at 72 km/h plus stops; air: 800 km/h plus 45 minutes. Pieces per departure: trailers",
        f"of {TRAILER}, or aircraft, sized on the planned flow (derived)."],
        ["from", "to", "mode", "km", "transit", "departures", "weekdays", "cut_off", "pieces"], lane_rows)
    tables.write("coverage.csv", NOTES["coverage"],
                 ["carrier", "destination", "depot"], cover_rows)

    service_rows, transit_rows, rate_rows = [], [], []
    for net in networks:
        c = net.carrier
        for name, mode, tier, commit, rates, residential, fuel in SERVICES[c]:
            kind = "ground" if mode == "road" else "air"
            service_rows.append([name, c, tier, mode, f"{c}-{kind}-transit", f"{c}-{kind}-delivery", commit,
                                 f"{residential:.2f}", fuel])
            published = AIR_DAYS.get(name) or net.ground_bands
            for km, days in published:
                transit_rows.append([name, km, days])
            for km, base, per_kg in rates:
                rate_rows.append([name, km, f"{base:.2f}", f"{per_kg:.2f}"])
    tables.write("services.csv", NOTES["services"],
        ["service", "carrier", "tier", "mode", "transit_calendar", "delivery_calendar", "commit_time", "residential",
         "fuel"], service_rows)
    tables.write("transit.csv", [
        "Air: as published (1 day, 2 days). Ground: bands within which the planned network, without queues, needs no",
        "longer for 98.8 % of pieces; the carriers' own maps give 1 to 5 days over the same distances."],
        ["service", "km_max", "days"], transit_rows)
    tables.write("rates.csv", ["Assumptions, see services.csv."], ["service", "km_max", "base", "per_kg"], rate_rows)

    node_rows, pickup_rows = [], []
    for shipper in shippers:
        net = next(n for n in networks if n.carrier == shipper["carrier"])
        shares = round_shares({h.name: h.weight for h in net.hubs})
        for h in net.hubs:
            node = f"{shipper['name']}-{h.city}"
            air = shipper["kind"] == "air"
            pickup = air_pickup(h.zone) if air else GROUND_PICKUPS[-1][0]
            cut_off = pickup - 150
            node_rows.append([node, shipper["name"], h.state, h.zone, degrees(h.pos[0]), degrees(h.pos[1]),
                              f"{net.carrier}-pickup", clock(cut_off), "30m", "2h",
                              ("nearest" if shipper["serves"] == "nearest" else f"share {shares[h.name]:.6f}") +
                              (f" in states {' '.join(sorted(net.spec['states']))}" if "states" in net.spec else "")])
            times = [(pickup, AIR_PICKUP_DRIVE)] if air else [(t, drive) for t, drive, _ in GROUND_PICKUPS]
            for t, drive in times:
                pickup_rows.append([node, net.carrier, h.name, clock(t), f"{drive}m"])
    for name, state, zone, pos in RETAILER_NODES:
        node = f"northstar-{name}"
        pickup = air_pickup(zone) - 30
        node_rows.append([node, "northstar", state, zone, degrees(pos[0]), degrees(pos[1]), "northstar-packing",
                          clock(pickup - 240), "1h", "3h30m", "nearest"])
        for net in networks:
            if net.carrier not in retailer_carriers:
                continue
            hub = min(net.hubs, key=lambda h: (km_between(h.pos, pos), h.name))
            if km_between(hub.pos, pos) > COLLECTED_KM:
                continue    # A regional carrier with nothing near.
            drive = max(30, int(math.ceil(km_between(hub.pos, pos) * 1.25 / 85 * 60 / 5) * 5 + 10))
            pickup_rows.append([node, net.carrier, hub.name, clock(pickup), f"{drive}m"])
    tables.write("nodes.csv", [
        "Background volume starts at one node per metro hub (share: the hub's share of population; nearest: within its",
        "own area). The retailer is invented; its sites stand near real logistics parks."],
        ["node", "shipper", "region", "zone", "lat", "lon", "calendar", "cut_off", "handling_min", "handling_max",
         "serves"], node_rows)
    tables.write("pickups.csv", ["Afternoon and evening collections; earlier in the west for air freight."],
                 ["node", "carrier", "facility", "time", "drive"], pickup_rows)


def shifted(days, by):
    return tuple(sorted((d + by) % 7 for d in days))


def write_calendars(tables, carriers, closed):
    rows = []
    for c in carriers:
        days = weekdays_text(CARRIERS[c]["days"])
        rows.append([f"{c}-pickup", days, closed])
        for mode, kind in (("road", "ground"), ("air", "air")):
            rows.append([f"{c}-{kind}-transit", weekdays_text(TRANSIT_DAYS[c, mode]), closed])
            rows.append([f"{c}-{kind}-delivery", weekdays_text(DELIVERY_DAYS[c, mode]), closed])
    rows.append(["northstar-packing", "daily", closed])
    tables.write("calendars.csv", NOTES["calendars"],
        ["calendar", "weekdays", "closed"], rows)


def shipper_list(carriers):
    result = []
    for c in carriers:
        spec = CARRIERS[c]
        week = len(spec["days"]) / 7
        ground, air = spec["volume"] * (1 - spec["air"]), spec["volume"] * spec["air"]
        ground_service = SERVICES[c][-1]
        result += [
            dict(name=f"{c}-ground-volume", carrier=c, kind="ground", serves="share",
                 per_day=ground * (1 - spec["local"]) * week, tariffs=[(ground_service, 1.0)]),
            dict(name=f"{c}-local-volume", carrier=c, kind="ground", serves="nearest",
                 per_day=ground * spec["local"] * week, tariffs=[(ground_service, 1.0)]),
        ]
        if air > 0:
            result.append(
                dict(name=f"{c}-air-volume", carrier=c, kind="air", serves="share", per_day=air * week,
                     tariffs=[(SERVICES[c][0], NEXT_DAY_SHARE[c]), (SERVICES[c][1], 1 - NEXT_DAY_SHARE[c])]))
    return result


# Shipments are handed over in business hours; nearly none on days without pickup.
BACKGROUND_HOURS = [0, 0, 0, 0, 0, .2, .8, 1.6, 2.4, 3.0, 3.2, 3.2, 3.0, 2.8, 2.2, 1.2, .4, 0, 0, 0, 0, 0, 0, 0]


def toml_shipper(s, season, calendar=None):
    spec = CARRIERS[s["carrier"]]
    closed = 7 - len(spec["days"])
    low = 0.01
    high = round((7 - low * closed) / len(spec["days"]), 4)
    week = [high if d in spec["days"] else low for d in range(7)] if closed else [1.0] * 7
    tiers = defaultdict(float)
    for service, share in s["tariffs"]:
        tiers[service[2]] += share
    lines = ["[[shipper]]", f'name = "{s["name"]}"', 'role = "background"', f'orders_per_day = {round(s["per_day"])}',
             f"hours = {BACKGROUND_HOURS}", f"weekdays = {week}"]
    if season:
        lines.append(f'season = "{calendar or s["carrier"] + "-" + s["kind"]}"')
    lines += ["day_cv = 0.03", "day_correlation = 0.3",
              "tiers = { " + ", ".join(f"{t} = {round(v, 6)}" for t, v in tiers.items()) + " }"]
    for service, share in s["tariffs"]:
        lines += ["[[shipper.tariff]]", f'tier = "{service[2]}"', f'service = "{service[0]}"',
                  f"share = {round(share / tiers[service[2]], 6)}"]
    return "\n".join(lines) + "\n"


CARRIER_TOML = """[[carrier]]
name = "{name}"{kind}
number_format = "{format}"
pickup_calendar = "{name}-pickup"
first_attempt_success = 0.972
bad_address = 0.002
missort = 0.0005
loss = 0.00003
"""
SIZES_TOML = """# Size classes: an assumption; the mean, 2.3 kg, is near that of a 2013 web order.
[[size]]
share = 0.45
weight_g = 700
volume_cm3 = 5000
[[size]]
share = 0.40
weight_g = 2200
volume_cm3 = 14000
[[size]]
share = 0.15
weight_g = 7500
volume_cm3 = 42000
"""
RETAIL_TARIFFS = {
    "christmas-2013": {"economy": [("usps-parcel-select", 1.0)],
                       "standard": [("ups-ground", .50), ("fedex-home-delivery", .35), ("usps-priority", .15)],
                       "express": [("ups-next-day-air", .50), ("fedex-standard-overnight", .35),
                                   ("usps-priority-express", .15)]},
    "blizzard-memphis": {"standard": [("fedex-home-delivery", .5), ("ups-ground", .5)],
                         "express": [("fedex-standard-overnight", .6), ("fedex-2day", .4)]},
    # A regional carrier takes what it collects and delivers; the rest of its share goes to the national ones after it.
    "us-peak-day": {"economy": [("usps-ground-advantage", 1.0)],
                    "standard": [("regional-west-ground", .06), ("regional-texas-ground", .06),
                                 ("regional-midwest-ground", .06), ("regional-southeast-ground", .06),
                                 ("regional-northeast-ground", .06), ("ups-ground", .40),
                                 ("fedex-home-delivery", .30)],
                    "express": [("ups-2nd-day-air", .55), ("fedex-2day", .45)]},
}
RETAIL_TIERS = {"christmas-2013": {"economy": .30, "standard": .50, "express": .20},
                "blizzard-memphis": {"standard": .6, "express": .4},
                "us-peak-day": {"economy": .30, "standard": .60, "express": .10}}
RETAIL_PER_DAY = {"us-peak-day": 1_000_000}


def toml_retailer(scenario, season, extra):
    tiers = RETAIL_TIERS[scenario]
    lines = ["[[shipper]]", 'name = "northstar"', 'role = "retailer"', f"orders_per_day = {RETAIL_PER_DAY.get(scenario, RETAILER_PER_DAY)}"]
    if season:
        lines.append('season = "retail"')
    lines += ["day_cv = 0.1", "day_correlation = 0.3",
              "tiers = { " + ", ".join(f"{t} = {v}" for t, v in tiers.items()) + " }",
              "target_days = { economy = 7, standard = 5, express = 2 }", 'policy = "fixed_split"', "cancelled = 0.01",
              "buffer_days = 0"]
    lines += extra
    for tier, tariffs in RETAIL_TARIFFS[scenario].items():
        if tier not in tiers:
            continue
        for service, share in tariffs:
            lines += ["[[shipper.tariff]]", f'tier = "{tier}"', f'service = "{service}"', f"share = {share}"]
    return "\n".join(lines) + "\n"


def scenario_toml(name, title, description, first, days, measure, networks, blocks, gates, scale, drain=7):
    lines = ["# Written by ../derive_us_network.py; see README.md beside this file and ../NETWORK.md.", "[scenario]",
             f'name = "{name}"', f'title = "{title}"', f'description = "{description}"', f"first_day = {first}",
             f"days = {days}", f"drain_days = {drain}", f"measure_from = {measure[0]}", f"measure_to = {measure[1]}",
             "seed = 1", 'home_zone = "America/New_York"', ""]
    text = "\n".join(lines) + "\n" + SIZES_TOML + "\n"
    for net in networks:
        text += CARRIER_TOML.format(name=net.carrier, format=net.spec["format"],
                                    kind="\nregional = true" if "states" in net.spec else "") + "\n"
    text += "\n".join(blocks)
    text += f"""
[shopper]
enabled = true
contact_cost = 8.00

[replay]
scale = {scale}
seconds = 40
format = "easypost"

[gate]
require = [{", ".join(chr(34) + g + chr(34) for g in gates)}]
"""
    return text


DISRUPTION_COLUMNS = ["name", "kind", "from", "to", "area", "carrier", "shipper", "speed", "staffing", "closed",
                      "embargo", "demand", "scan_delay", "source"]


def disruption(name, kind, start, end, area="all", carrier="", shipper="", speed="", staffing="", closed="", embargo="",
               demand="", scan_delay="", source=""):
    return [name, kind, start, end, area, carrier, shipper, speed, staffing, closed, embargo, demand, scan_delay,
            source]


NORTH_TEXAS = "CSM, CBS Dallas and Star-Telegram 6 Dec 2013; Reuters 7 Dec 2013; Skift 8 Dec 2013"
LATE_STORM = "Wikipedia: December 2013 North American storm complex; CSM/AP 23 Dec 2013; WOODTV on 21-22 Dec 2013"
SURGE_SOURCE = "SCDigest 6 Jan 2014 and WSJ on UPS 2013; size on the aircraft calibrated, see ../NETWORK.md"


def christmas_disruptions():
    c, e = " America/Chicago", " America/New_York"
    rows = [
        # 5-8 December: ice on north Texas, then Oklahoma, Arkansas, Missouri and the Ohio valley.
        disruption("ice-texas-begins", "storm", "2013-12-05 18:00" + c, "2013-12-06 06:00" + c,
                   "circle 32.8 -97.0 200km", speed="0.5", staffing="0.6",
                   source="freezing rain from Thursday evening; " + NORTH_TEXAS),
        disruption("ice-texas-standstill", "storm", "2013-12-06 00:00" + c, "2013-12-06 18:00" + c,
                   "circle 32.8 -97.0 110km", closed="true",
                   source="1 to 3 inches of ice on the roads; schools and offices closed; DFW ground stop and 80 % of "
                          "flights cancelled on 6 Dec; " + NORTH_TEXAS),
        disruption("ice-texas-friday", "storm", "2013-12-06 06:00" + c, "2013-12-07 12:00" + c,
                   "circle 32.8 -97.0 230km", speed="0.4", staffing="0.5",
                   source="267,000 customers without power; two of seven runways open on Saturday; " + NORTH_TEXAS),
        disruption("ice-texas-thaw", "storm", "2013-12-07 12:00" + c, "2013-12-09 00:00" + c,
                   "circle 32.8 -97.0 180km", speed="0.6", staffing="0.75",
                   source="350 to 400 flights cancelled on Saturday; roads icy until Sunday night; " + NORTH_TEXAS),
        disruption("ice-arkansas", "storm", "2013-12-06 00:00" + c, "2013-12-07 18:00" + c, "states AR OK",
                   speed="0.5", staffing="0.6", source="roads impassable in Arkansas; " + NORTH_TEXAS),
        disruption("ice-missouri", "storm", "2013-12-06 06:00" + c, "2013-12-08 00:00" + c,
                   "circle 37.2 -91.5 250km + circle 35.4 -89.5 120km", speed="0.65", staffing="0.75",
                   source="storm moves into southwest Missouri and the Ohio valley; CSM 6 Dec 2013"),
        disruption("ice-atlantic", "storm", "2013-12-08 12:00" + e, "2013-12-09 18:00" + e,
                   "states VA MD DC DE + circle 40.2 -75.5 120km", speed="0.75", staffing="0.85",
                   source="freezing rain and snow from Virginia to New England on Sunday and Monday; Reuters 7 Dec 2013"),
        # 20-23 December: from the southern Plains to Michigan, New York and New England.
        disruption("plains-ice", "storm", "2013-12-20 06:00" + c, "2013-12-21 18:00" + c,
                   "states OK + circle 37.4 -95.3 200km + circle 36.3 -94.0 120km", speed="0.55", staffing="0.65",
                   source="ice in Oklahoma, southern Kansas, southern Missouri, northwest Arkansas; " + LATE_STORM),
        disruption("ohio-valley-rain", "storm", "2013-12-21 06:00" + c, "2013-12-22 12:00" + c,
                   "states KY TN IN + circle 39.5 -83.5 200km", speed="0.8",
                   source="13 tornadoes from Kentucky to Louisiana, floods in the Ohio valley; " + LATE_STORM),
        disruption("michigan-ice", "storm", "2013-12-21 18:00" + e, "2013-12-23 06:00" + e, "states MI",
                   speed="0.5", staffing="0.6",
                   source="half an inch of ice along I-69; 380,000 customers without power; " + LATE_STORM),
        disruption("michigan-repair", "storm", "2013-12-23 06:00" + e, "2013-12-24 20:00" + e,
                   "circle 42.9 -84.4 130km", speed="0.75", staffing="0.75",
                   source="power restored only after 10 to 11 days; emergency in Shiawassee County; " + LATE_STORM),
        disruption("new-york-ice", "storm", "2013-12-21 12:00" + e, "2013-12-23 06:00" + e,
                   "states VT NH ME + circle 43.9 -76.0 200km", speed="0.5", staffing="0.65",
                   source="freezing rain from western and northern New York to Maine; " + LATE_STORM),
        disruption("maine-ice", "storm", "2013-12-23 00:00" + e, "2013-12-24 06:00" + e, "states ME NH VT",
                   speed="0.5", staffing="0.6",
                   source="another quarter to half inch of ice on Monday; Maine Turnpike at reduced speed; " + LATE_STORM),
    ]
    for carrier in ("ups", "fedex", "usps"):
        early, monday = AIR_SURGE[carrier]
        rows += [
            disruption(f"{carrier}-air-surge-early", "surge", "2013-12-19", "2013-12-22",
                       shipper=f"{carrier}-air-volume", demand=f"{early:.2f}", source=SURGE_SOURCE),
            disruption(f"{carrier}-air-surge-monday", "surge", "2013-12-23", "2013-12-23",
                       shipper=f"{carrier}-air-volume", demand=f"{monday:.2f}", source=SURGE_SOURCE),
        ]
        for volume in ("ground", "local"):
            rows.append(disruption(
                f"{carrier}-{volume}-surge", "surge", "2013-12-16", "2013-12-20", shipper=f"{carrier}-{volume}-volume",
                demand=f"{GROUND_SURGE[carrier]:.2f}",
                source="UPS met 31 M pieces on 23 Dec where 29 M were planned (+7 %); FedEx and USPS: assumption"))
    rows += [
        disruption("last-weekend", "surge", "2013-12-21", "2013-12-22", shipper="northstar",
                   demand=f"{SURGE_WEEKEND:.2f}",
                   source="online orders of the last weekend +37 % over 2012; planned for +8 %: 1.37/1.08; SCDigest"),
        disruption("last-monday", "surge", "2013-12-23", "2013-12-23", shipper="northstar",
                   demand=f"{SURGE_MONDAY:.2f}",
                   source="online orders +63 % over 2012; planned for +8 %: 1.63/1.08; SCDigest"),
    ]
    return rows


def write_christmas(out, networks, areas):
    name = "christmas-2013"
    tables = Tables(os.path.join(out, name))
    carriers = [n.carrier for n in networks]
    shippers = shipper_list(carriers)
    write_world(tables, networks, areas, shippers, carriers)
    write_calendars(tables, carriers, HOLIDAYS_2013)
    dates = [SEASON_FROM + datetime.timedelta(i) for i in range(SEASON_DAYS)]
    tables.write("season.csv", [
        "What was planned for (tender relative to an ordinary operating day). Thanksgiving 28 Nov, Cyber Monday 2 Dec.",
        "UPS: 29 M planned for 23 Dec, 132 M for the week before Christmas; FedEx: 22 M on 2 Dec; USPS peak 16-18 Dec.",
        "Express of 23 Dec: Worldport expected 3.5 M where 1.6 M is normal. Days between: interpolated (assumption)."],
        ["date"] + list(SEASON), [[d] + [SEASON_TABLE[n, d] for n in SEASON] for d in dates])
    rows = []
    for c in carriers:
        for first, last, sort, linehaul, rounds in seasonal_factors(c):
            rows.append([c, first, last, sort, linehaul, rounds])
    tables.write("capacity.csv", ["Seasonal staff, rented trailers and helpers: sized to the plan of season.csv (derived)."],
                 ["carrier", "from", "to", "sort", "linehaul", "rounds"], rows)
    tables.write("disruptions.csv", [
        "Storms: areas and hours after news of those days; speed, staffing: assumptions. Surges: orders over season.csv."],
                 DISRUPTION_COLUMNS, christmas_disruptions())
    extra = ["recovery_credit = 20.00", "recovery_refunds_shipping = true", "[[shipper.guarantee]]",
             'until = "2013-12-22 23:00"', "date = 2013-12-24", 'upgrade_to = "express"']
    blocks = [toml_retailer(name, True, extra)] + [toml_shipper(s, True) for s in shippers]
    text = scenario_toml(
        name, "Christmas 2013",
        "The United States from 25 November 2013 to 5 January 2014: three carriers, a short season, two ice storms, and "
        "more express orders in the last days than aircraft were planned for.",
        "2013-11-25", 42, ("2013-12-01", "2013-12-31"), networks, blocks,
        ["promise_kept >= 0.85", "endpoint.p99 <= 250ms", "lost_scans == 0"], 0.01)
    with open(os.path.join(tables.folder, "scenario.toml"), "w", encoding="utf-8", newline="\n") as f:
        f.write(text)


BLIZZARD_DAYS = ("2021-02-01", 26, ("2021-02-08", "2021-02-26"))


def write_blizzard(out, networks, areas):
    name = "blizzard-memphis"
    tables = Tables(os.path.join(out, name))
    carriers = [n.carrier for n in networks]
    shippers = shipper_list(carriers)
    for net in networks:
        for f in net.air_hubs:
            if f.iata == net.spec["world"] and net.carrier == "fedex":
                # The sorter, not the aircraft, is what has to catch up: the rate at which an ordinary night takes
                # RHO of the window.
                load = net.sort_note[f.name, 0][0]
                start, end = net.spec["night"]
                f.sorts[0][3] = int(round(load / RHO / ((end - start) / 60) / 1000) * 1000)
    write_world(tables, networks, areas, shippers, carriers)
    write_calendars(tables, carriers, "")
    tables.write("disruptions.csv", [
        "Memphis, February 2021: staff could not reach the hub (Commercial Appeal, 2 March 2021). Here: closed for the",
        "18 hours that hold one night sort."], DISRUPTION_COLUMNS, [
            disruption("memphis-snow", "closure", "2021-02-16 18:00 America/Chicago", "2021-02-17 12:00 America/Chicago",
                       "facilities fedex-mem", closed="true",
                       source="Commercial Appeal 2 March 2021; date and length simplified")])
    blocks = [toml_retailer(name, False, [])] + [toml_shipper(s, False) for s in shippers]
    first, days, measure = BLIZZARD_DAYS
    text = scenario_toml(
        name, "Blizzard at Memphis",
        "An ordinary February in which the world hub of one carrier loses one night, 18 hours, to snow.",
        first, days, measure, networks, blocks,
        ["promise_kept >= 0.85", "endpoint.p99 <= 250ms", "lost_scans == 0"], 0.01)
    with open(os.path.join(tables.folder, "scenario.toml"), "w", encoding="utf-8", newline="\n") as f:
        f.write(text)


RHO = 0.8   # Share of its night sort that the world hub of blizzard-memphis needs on an ordinary night.


# ---------------------------------------------------------------------------------------------- the peak day of 2025

# The day's 100 M parcels by the shares of 2024: 22.4 billion, of which the Postal Service 6.9, Amazon 6.3, UPS about
# 4.7, FedEx about 3.7, others 0.8 (Pitney Bowes Parcel Shipping Index 2025). What Amazon and the others deliver is
# spread over the five regional carriers by the population of their states: each stands for the regional carriers and
# the retailers' own vans of its part.
PEAK_CARRIERS = {
    "ups": dict(volume=21_000_000, air=0.09, local=0.35, depots=110, format="ups_1z", days=ALL_DAYS,
                hubs=CARRIERS["ups"]["hubs"], world="SDF", world_rate=416_000, night=CARRIERS["ups"]["night"]),
    "fedex": dict(volume=16_500_000, air=0.10, local=0.35, depots=96, format="fedex_12", days=ALL_DAYS,
                  hubs=CARRIERS["fedex"]["hubs"], world="MEM", world_rate=484_000, night=CARRIERS["fedex"]["night"]),
    # UPS flies the Postal Service's air mail since October 2024.
    "usps": dict(volume=31_000_000, air=0.04, local=0.40, depots=120, format="usps_22", days=ALL_DAYS,
                 hubs={"SDF": "UPS"}, world="SDF", world_rate=0, night=CARRIERS["ups"]["night"]),
}
REGIONS = [  # name, millions of parcels, hubs, depots, states
    ("west", 6.4, 6, 24, "CA NV AZ OR WA ID UT"),
    ("texas", 4.2, 5, 18, "TX OK LA AR NM"),
    ("midwest", 7.2, 7, 28, "IL IN OH MI WI MN IA MO KS NE KY"),
    ("southeast", 6.5, 6, 24, "FL GA AL SC NC TN MS"),
    ("northeast", 7.2, 7, 26, "NY NJ PA CT MA RI NH VT ME DE MD DC VA WV"),
]
for _name, _volume, _hubs, _depots, _states in REGIONS:
    PEAK_CARRIERS[f"regional-{_name}"] = dict(
        volume=round(_volume * 1e6), air=0.0, local=0.55, depots=_depots, format="plain", days=ALL_DAYS, hubs={},
        world=None, world_rate=0, night=None, states=frozenset(_states.split()), hub_count=_hubs)
PEAK_WARM_UP = 0.04     # Of the peak day's volume: the Sunday before.
# Prices of 2013 times the general increases since (4.9 to 6.9 % a year on list prices, less after discounts).
PRICES_2025 = 1.6
PEAK_NOTES = {
    "facilities": [NOTES["facilities"][0].replace("UPS 10-K 2013, Reuters, panethos 2013", "as in christmas-2013"),
                   NOTES["facilities"][1]],
    "services": ["Residential delivery: express by the end of the day (8 pm), ground by midnight. Prices: assumptions, those of",
                 f"christmas-2013 times {PRICES_2025}; fuel surcharges of late 2025 (20.5 %)."],
    "coverage": ["Every ZIP3 belongs to one depot of each national carrier, and of the regional one that serves its state;",
                 "CO, MT, WY, ND and SD have no regional carrier."],
    "calendars": ["The days before Christmas 2025: everybody works daily. True of FedEx ground, of Postal Service parcels in most",
                  "places and of regional carriers; for UPS and the air services a simplification, as the day is a Monday."],
}


def turn_to_2025():
    """From here on the tables of this script are those of 2025: capacity is planned for the peak day's volume on every
    day of a week, at the utilisation of a planned peak."""
    CARRIERS.clear()
    CARRIERS.update(PEAK_CARRIERS)
    NOTES.update(PEAK_NOTES)
    UTILISATION.update(road=UTILISATION["peak_road"], sort=UTILISATION["peak_sort"], rounds=UTILISATION["peak_rounds"])
    services = {
        c: [("usps-ground-advantage" if service == "usps-parcel-select" else service, mode, tier, commit,
             [(km, base * PRICES_2025, per_kg * PRICES_2025) for km, base, per_kg in rates],
             residential * PRICES_2025, 0 if c == "usps" else 0.205)
            for service, mode, tier, commit, rates, residential, _ in SERVICES[c]]
        for c in ("ups", "fedex", "usps")}
    for c in CARRIERS:
        for mode in ("road", "air"):
            DELIVERY_DAYS[c, mode] = TRANSIT_DAYS[c, mode] = ALL_DAYS
        if c in services:
            continue
        services[c] = [(f"{c}-ground", "road", "standard", "24:00",
                        [(240, 5.2, .20), (500, 5.8, .28), (1000, 6.6, .36), ("any", 7.4, .45)], 0, 0.12)]
        AIR_HEADROOM[c] = 1.0
    SERVICES.clear()
    SERVICES.update(services)


def write_peak_day(out, networks, areas):
    name = "us-peak-day"
    tables = Tables(os.path.join(out, name))
    carriers = [n.carrier for n in networks]
    shippers = shipper_list(carriers)
    write_world(tables, networks, areas, shippers, carriers)
    write_calendars(tables, carriers, "")
    tables.write("season.csv", [
        "Monday 15 December is the day; the Sunday before it only warms the network up; nothing is ordered after it."],
        ["date", "volume", "retail"],
        [["2025-12-14", PEAK_WARM_UP, PEAK_WARM_UP], ["2025-12-15", 1.0, 1.0], ["2025-12-16", 0.0, 0.0]])
    tables.write("disruptions.csv", [
        "An ordinary December storm, invented: lake-effect snow off Erie and Ontario. Leave it out with --without storm."],
                 DISRUPTION_COLUMNS, [
            disruption("lake-snow", "storm", "2025-12-16 00:00 America/New_York", "2025-12-17 06:00 America/New_York",
                       "circle 42.9 -78.8 130km", speed="0.6", staffing="0.7", source="invented")])
    blocks = [toml_retailer(name, True, [])] + [toml_shipper(s, True, "volume") for s in shippers]
    text = scenario_toml(
        name, "The nation's peak day",
        "100 million parcels on one Monday in December 2025: three national carriers, five regional ones, and a "
        "retailer whose million parcels are tracked.",
        "2025-12-14", 3, ("2025-12-15", "2025-12-16"), networks, blocks,
        ["promise_kept >= 0.90", "endpoint.p99 <= 250ms", "lost_scans == 0"], 0.001)
    with open(os.path.join(tables.folder, "scenario.toml"), "w", encoding="utf-8", newline="\n") as f:
        f.write(text)


def hub_sites(areas, count):
    """The nearest cities to the centres of population: (name, state, position, zone), by name."""
    cities = [(n, s, (float(lat), float(lon))) for n, s, lat, lon in CITIES]
    sites, taken = [], set()
    for centre, group in k_means(areas, count):
        city = min((c for c in cities if c[0] not in taken), key=lambda c: (km_between(c[2], centre), c[0]))
        taken.add(city[0])
        sites.append((city[0], city[1], city[2], STATE_ZONE[city[1]] if city[0] not in ("nashville", "memphis", "el-paso")
                      else (MOUNTAIN if city[0] == "el-paso" else CENTRAL)))
    sites.sort()
    return sites


def planned_network(carrier, areas, sites, air_hub_rows):
    """A carrier's network, sized on its planned flow."""
    net = Network(carrier, areas, sites, air_hub_rows)
    net.plan()
    net.size_sorts()
    net.flow()
    for _ in range(2):
        net.prune()
        net.plan()
        net.size_sorts()
        net.flow()
    net.size()
    net.ground_bands = bands(net.transit_days("road"))
    return net


def summary(networks):
    for net in networks:
        print(f"== {net.carrier}: {len(net.hubs)} hubs, {len(net.air_hubs)} air hubs, {len(net.depots)} depots, "
              f"{len(net.lanes)} lanes, {sum(len(l.departures) for l in net.lanes)} departures")
        total = defaultdict(float)
        for (mode, hops), n in net.hops.items():
            total[mode] += n
        print("   legs:", ", ".join(f"{mode} {hops}: {n / total[mode]:.3f}" for (mode, hops), n in sorted(net.hops.items()) if n > 0))
        for h in net.air_hubs:
            load, need = net.sort_note[h.name, 0]
            print(f"   {h.name}: {load:,.0f} pieces an ordinary night, {need:,.0f} an hour needed, rate {h.sorts[0][3]:,}")
        for w in range(4):
            loads = sum(net.sort_note[h.name, w][0] for h in net.hubs)
            rate = sum(h.sorts[w][3] for h in net.hubs)
            hours = (HUB_WINDOWS[w][1] - HUB_WINDOWS[w][0]) / 60
            print(f"   hub window {w}: {loads:,.0f} pieces in the fullest, {loads / max(1, rate * hours):.2f} of capacity")
        road = [l for l in net.lanes if l.mode == "road" and l.a.kind == "hub"]
        print(f"   hub road lanes: planned {sum(l.load for l in road) / sum(l.pieces for l in road):.2f} of the fullest "
              f"departure; empty {sum(1 for l in road if l.load == 0)}")
        print(f"   rounds: {sum(f.round_mean for f in net.depots):,.0f} a day, fullest weekday "
              f"{sum(f.round_load for f in net.depots):,.0f}, stops {sum(f.stops for f in net.depots):,}")
        print("   ground bands:", net.ground_bands)
        for mode in ("air",):
            rows = net.transit_days(mode)
            by = defaultdict(float)
            for km, count, n in rows:
                by[count] += n
            t = sum(by.values())
            if t > 0:
                print("   air days needed:", {k: round(v / t, 4) for k, v in sorted(by.items())})
        print("   season (sort, linehaul, rounds):", [(str(r[0]),) + r[2:] for r in seasonal_factors(net.carrier)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zip3", required=True, help="population by ZIP3: zip3,lat,lon,pop_approx")
    parser.add_argument("--county", required=True, help="population by county: fips,County,State,Population,lat,lon")
    parser.add_argument("--air-hubs", required=True, help="air hubs: carrier,iata,role,lat,lon,...")
    parser.add_argument("--out", default=os.path.dirname(os.path.abspath(__file__)), help="folder of the scenarios")
    parser.add_argument("--summary", action="store_true", help="print planned loads and utilisations")
    args = parser.parse_args()

    areas = read_areas(args.zip3, args.county)
    with open(args.air_hubs, encoding="utf-8") as f:
        air_hub_rows = list(csv.DictReader(f))
    sites = hub_sites(areas, HUB_COUNT)
    networks = [planned_network(carrier, areas, sites, air_hub_rows) for carrier in CARRIERS]
    if args.summary:
        summary(networks)
    write_christmas(args.out, networks, areas)
    write_blizzard(args.out, [n for n in networks if n.carrier != "usps"], areas)

    turn_to_2025()
    networks = []
    for carrier, spec in CARRIERS.items():
        served = [a for a in areas if a.state in spec["states"]] if "states" in spec else areas
        networks.append(planned_network(carrier, served, hub_sites(served, spec.get("hub_count", HUB_COUNT)),
                                        air_hub_rows))
    if args.summary:
        summary(networks)
    write_peak_day(args.out, networks, areas)


if __name__ == "__main__":
    main()
