"""How much each account sends in each Region, for any span of days, without chance.

What looks random is a hash of account, Region and date (or quarter of an hour), so a calendar day has the
same numbers in every run. Quarters of an hour add up to their day exactly.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sesreport.core.errors import ConfigError
from sesreport.settings.config import read_toml

SLOTS = 96
"""Quarters of an hour in a day: GetSendStatistics' step."""
REPUTATION_DAYS = 21
"""Days that AWS's rates are taken to look back on."""

_REJECT_RATE = 0.00008

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]

# Share of a day's volume by hour (UTC), before noise: (hour of the peak, width in hours, level of the night).
_HOURS = {"day": (14.0, 5.5, 0.25), "office": (11.0, 3.5, 0.06), "morning": (8.0, 2.0, 0.03)}


@dataclass(frozen=True)
class Profile:
    """The week's and the year's shape; ``weekdays`` run from Monday to Sunday around 1."""

    weekdays: tuple[float, ...]
    holiday: dict[str, float]
    hours: str


@dataclass(frozen=True)
class Episode:
    """A span in which one sender's volume or rates were out of the ordinary."""

    since: date
    until: date
    volume: float = 1.0
    bounce_rate: float | None = None
    complaint_rate: float | None = None


@dataclass(frozen=True)
class Enforcement:
    """AWS's standing of an account in a Region over a span (``until`` None: to this day)."""

    status: str
    since: date
    until: date | None = None
    review: dict[str, str] | None = None


@dataclass(frozen=True, eq=False)
class Sender:
    """One account in one Region that sends; it is its own key in caches."""

    account: str
    region: str
    profile_name: str
    profile: Profile
    growth_from: date
    daily: float
    growth: float
    bounce_rate: float
    complaint_rate: float
    quota: float
    rate: float
    since: date = date(2024, 1, 1)
    until: date | None = None
    production_access: bool = True
    plan: str = "NONE"
    plan_since: date = date.min
    vdm: bool = False
    dedicated_ips: tuple[str, ...] = ()
    episodes: tuple[Episode, ...] = ()
    standings: tuple[Enforcement, ...] = ()

    @property
    def seed(self) -> int:
        return zlib.crc32(f"{self.account}/{self.region}".encode())

    def plan_on(self, today: date) -> str:
        """The pricing plan of a day; NONE is paying by the piece."""
        return self.plan if self.plan_since <= today else "NONE"

    def standing(self, today: date) -> Enforcement:
        """AWS's standing on a day: the latest that covers it, else HEALTHY."""
        for standing in reversed(self.standings):
            if standing.since <= today and (standing.until is None or today < standing.until):
                return standing
        return Enforcement("HEALTHY", self.since)


@dataclass(frozen=True)
class IdlePlace:
    """An account and Region where nobody sends and that is paid for: dedicated IPs, a pricing plan."""

    account: str
    region: str
    since: date
    dedicated_ips: tuple[str, ...]
    plan: str
    plan_since: date

    def plan_on(self, today: date) -> str:
        """The pricing plan of a day; NONE is paying by the piece."""
        return self.plan if self.plan_since <= today else "NONE"


@dataclass(frozen=True)
class Volume:
    """Counts per slot, all arrays of one length, under CloudWatch's names in ``metrics``."""

    send: Counts
    delivery: Counts
    bounce: Counts
    complaint: Counts
    reject: Counts
    metrics: dict[str, Counts] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_name = {
            "Send": self.send, "Delivery": self.delivery, "Bounce": self.bounce,
            "Complaint": self.complaint, "Reject": self.reject,
        }  # fmt: skip
        object.__setattr__(self, "metrics", by_name)

    def cut(self, start: int, end: int) -> Volume:
        """The slots from ``start`` up to ``end``."""
        return Volume(*(counts[start:end] for counts in self.metrics.values()))

    def grouped(self, slots: int) -> Volume:
        """Sums over runs of ``slots`` neighbours."""
        return Volume(*(counts.reshape(-1, slots).sum(axis=1) for counts in self.metrics.values()))


def load_senders(data: Path) -> dict[tuple[str, str], Sender]:
    """Reads ``sending.toml``, by (account, Region). Raises ConfigError for unknown keys and names."""
    path = data / "sending.toml"
    raw = read_toml(path)
    try:
        profiles = {
            name: Profile(**{**entry, "weekdays": tuple(entry["weekdays"])}) for name, entry in raw["profiles"].items()
        }
        senders = {}
        for entry in raw["senders"]:
            place = (entry["account"], entry["region"])
            episodes = [Episode(**_span(e)) for e in raw["episodes"] if (e["account"], e["region"]) == place]
            standings = [Enforcement(**_span(e)) for e in raw["enforcement"] if (e["account"], e["region"]) == place]
            fields = {("since" if key == "from" else key): value for key, value in entry.items()}
            fields |= {
                "profile": profiles[entry["profile"]],
                "profile_name": entry["profile"],
                "growth_from": raw["growth_from"],
                "dedicated_ips": tuple(entry.get("dedicated_ips", ())),
                "episodes": tuple(episodes),
                "standings": tuple(standings),
            }
            senders[place] = Sender(**fields)
    except (KeyError, TypeError) as error:
        raise ConfigError(f"{path}: missing or unknown key: {error}") from error
    return senders


def load_idle(data: Path) -> dict[tuple[str, str], IdlePlace]:
    """Reads ``[[idle]]`` of ``sending.toml``, by (account, Region). Raises ConfigError for a missing key."""
    path = data / "sending.toml"
    try:
        places = [
            IdlePlace(
                entry["account"],
                entry["region"],
                entry["from"],
                tuple(entry["dedicated_ips"]),
                entry["plan"],
                entry["plan_since"],
            )
            for entry in read_toml(path).get("idle", ())
        ]
    except KeyError as error:
        raise ConfigError(f"{path}: missing key: {error}") from error
    return {(place.account, place.region): place for place in places}


def _span(entry: dict[str, Any]) -> dict[str, Any]:
    placed = {key: value for key, value in entry.items() if key not in {"account", "region", "what", "from"}}
    return {**placed, "since": entry["from"]}


def slots(sender: Sender, start: date, end: date) -> Volume:
    """Counts per quarter of an hour from the start of one day to the start of another."""
    days = _ordinals(start, end)
    send_days, bounce_rate, complaint_rate = _days(sender, days)
    send = _spread(send_days, _hour_weights(sender, days))
    weights: Shares = send.astype(np.float64) + 1e-9  # days without mail have weights too
    reject = _spread(_rounded(send_days * _REJECT_RATE, sender.seed ^ 0xA0, days), weights)
    bounce = _spread(_rounded(send_days * bounce_rate, sender.seed ^ 0xB0, days), weights)
    complaint = _spread(_rounded(send_days * complaint_rate, sender.seed ^ 0xC0, days), weights)
    # No slot may bounce or reject more than it sent.
    bounce = np.minimum(bounce, send)
    reject = np.minimum(reject, send - bounce)
    delivery = send - bounce - reject
    complaint = np.minimum(complaint, delivery)
    flat = [counts.reshape(-1) for counts in (send, delivery, bounce, complaint, reject)]
    return Volume(*flat)


def reputation(daily: Volume) -> tuple[Shares, Shares]:
    """AWS's own bounce and complaint rates as fractions, for the days after the first ``REPUTATION_DAYS``.

    AWS rates a "representative volume" nobody outside can recompute (SES Developer Guide, sending review
    process FAQs); here it is what was sent in the days before, and not quite all bounces count.
    """
    send, bounce, complaint = (_rolling(counts) for counts in (daily.send, daily.bounce, daily.complaint))
    judged = np.maximum(send, 1.0)
    return np.round(bounce * 0.97 / judged, 6), np.round(complaint * 1.04 / judged, 6)


def _rolling(counts: Counts) -> Shares:
    """Sums over the ``REPUTATION_DAYS`` before each day."""
    total = np.concatenate([[0], np.cumsum(counts)])
    sums: Shares = (total[REPUTATION_DAYS:] - total[:-REPUTATION_DAYS])[:-1].astype(np.float64)
    return sums


def _ordinals(start: date, end: date) -> Counts:
    return np.arange(start.toordinal(), max(end, start).toordinal(), dtype=np.int64)


def _days(sender: Sender, days: Counts) -> tuple[Counts, Shares, Shares]:
    profile = sender.profile
    weekday = np.asarray(profile.weekdays)[(days - 1) % 7]
    years = (days - sender.growth_from.toordinal()) / 365.25
    trend = (1.0 + sender.growth) ** years
    jitter = 1.0 + 0.16 * (_noise(sender.seed, days) - 0.5)
    volume = sender.daily * weekday * trend * _holiday(profile.holiday, days) * jitter
    volume[days < sender.since.toordinal()] = 0.0
    if sender.until is not None:
        volume[days >= sender.until.toordinal()] = 0.0
    bounce = sender.bounce_rate * (1.0 + 0.30 * (_noise(sender.seed ^ 0xB1, days) - 0.5))
    complaint = sender.complaint_rate * (1.0 + 0.50 * (_noise(sender.seed ^ 0xC1, days) - 0.5))
    for episode in sender.episodes:
        during = (days >= episode.since.toordinal()) & (days < episode.until.toordinal())
        volume[during] *= episode.volume
        swing = 1.0 + 0.12 * (_noise(sender.seed ^ 0xE1, days) - 0.5)
        if episode.bounce_rate is not None:
            bounce = np.where(during, episode.bounce_rate * swing, bounce)
        if episode.complaint_rate is not None:
            complaint = np.where(during, episode.complaint_rate * swing, complaint)
    return np.floor(volume).astype(np.int64), bounce, complaint


def _holiday(holiday: dict[str, float], days: Counts) -> Shares:
    """1 in ordinary weeks, rising to ``peak`` from mid November, ``dip`` from 24 December to 2 January."""
    factor = np.ones(len(days))
    for year in {date.fromordinal(int(day)).year for day in days}:
        first, top = date(year, 11, 10).toordinal(), date(year, 12, 18).toordinal()
        rise = (days >= first) & (days <= date(year, 12, 23).toordinal())
        share = np.clip((days - first) / (top - first), 0.0, 1.0)
        factor = np.where(rise, 1.0 + (holiday["peak"] - 1.0) * share, factor)
        factor = np.where((days >= date(year, 12, 24).toordinal()) & (days <= date(year, 12, 31).toordinal()),
                          holiday["dip"], factor)  # fmt: skip
        factor = np.where((days >= date(year, 1, 1).toordinal()) & (days <= date(year, 1, 2).toordinal()),
                          holiday["dip"], factor)  # fmt: skip
    return factor


def _hour_weights(sender: Sender, days: Counts) -> Shares:
    peak, width, night = _HOURS[sender.profile.hours]
    hour = (np.arange(SLOTS) + 0.5) / 4.0
    away = np.minimum(np.abs(hour - peak), 24.0 - np.abs(hour - peak))
    shape = night + np.exp(-0.5 * (away / width) ** 2)
    quarter = days[:, None] * SLOTS + np.arange(SLOTS)
    weights: Shares = shape * (0.6 + 0.8 * _noise(sender.seed ^ 0xF1, quarter))
    return weights


def _spread(totals: Counts, weights: Shares) -> Counts:
    """Whole numbers per slot in proportion to the weights, adding up to each day's total."""
    share = np.cumsum(weights, axis=1)
    share /= share[:, -1:]
    upto = np.floor(share * totals[:, None] + 1e-9).astype(np.int64)
    upto[:, -1] = totals
    return np.diff(upto, axis=1, prepend=0)


def _rounded(values: NDArray[np.floating[Any]], seed: int, days: Counts) -> Counts:
    """Rounded up or down so that small rates show now and then, instead of never."""
    return np.floor(values + _noise(seed, days)).astype(np.int64)


def _noise(seed: int, index: Counts) -> Shares:
    """Uniform in [0, 1) from seed and index alone (the finalizer of SplitMix64)."""
    with np.errstate(over="ignore"):
        x = index.astype(np.uint64) + np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    return (x >> np.uint64(11)).astype(np.float64) / float(1 << 53)
