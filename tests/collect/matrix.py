"""Spoil the answers of every operation in every way, and compare what is collected with what is there.

    python -m tests.collect.matrix --operation sesv2:GetEmailIdentity --fault cut --fault slow

A part of the demonstration organization is collected through a proxy once without a fault, then once for each
operation × fault × occasion (the first answer, all of them, those of one account × Region). In each of these cells the
frames must equal the fault-free ones wherever coverage says ok; what coverage says is a gap may be missing there, but
nothing that is there may differ. A fault that the next attempt heals must leave no trace when it occurs once. A
collection may end with an error instead, and no snapshot, where the organization or the credentials cannot be read.

An answer of AWS that lists nothing (``{}``, or null members, with AWS's request id) says that there is nothing, and
nobody can know better. There alone, what the operation lists may be missing without a gap.

Prints each cell that fails, then what was compared, and exits with 1 when any fails.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import pkgutil
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any
from unittest.mock import patch

import botocore.session
import pandas as pd
from botocore import xform_name

from sesreport.collect import datasets, places
from sesreport.collect.operation import Operation
from sesreport.collect.registry import collectors
from sesreport.collect.run import collect
from sesreport.core.errors import CollectError, SesReportError
from sesreport.demo import Endpoint, reference_day, serve
from sesreport.settings.config import Config
from sesreport.snapshot.collected import frames
from sesreport.snapshot.coverage import COVERAGE, DENIED, ERROR, EVERYTHING, GLOBAL, THROTTLED
from sesreport.snapshot.store import Snapshot, load, snapshots
from tests.collect.proxy import Answer, Proxy, Question, Spoil, proxying
from tests.collect.spoiled import FAULTS, Fault, is_xml
from tests.collect.waits import QUICK

NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)
ONCE, ALWAYS, PLACE = "once", "always", "in one place"
OCCASIONS = (ONCE, ALWAYS, PLACE)
GAPS = {ERROR, DENIED, THROTTLED}
"""What coverage says of a place where something is there and could not be read."""
WITHOUT_PLACE = {"organizations", "ce", "budgets"}
"""Services that are asked in one account and one Region only."""
SIGN_IN = (Operation("sts", "get_caller_identity", must=("Account",)), Operation("sts", "assume_role", must=("x",)))
COVERED_APART = {
    ("identities", "bounce_topic"): "notification_topics",
    ("identities", "complaint_topic"): "notification_topics",
    ("identities", "delivery_topic"): "notification_topics",
    ("accounts", "tags"): "account_tags",
}
"""Columns whose coverage has a row of its own: that dataset."""
POINTS = 40
"""Send statistics of each account × Region that are collected."""


@dataclass(frozen=True)
class Part:
    """What of the demonstration organization is collected."""

    accounts: Sequence[str] = ("210000000004", "210000000006")
    regions: Sequence[str] = ("us-east-1", "eu-west-1")
    skip: Sequence[str] = ()
    timeout: float = 2

    @property
    def place(self) -> tuple[str, str]:
        """The account × Region of faults that occur in one place."""
        return self.accounts[0], self.regions[0]

    def config(self, folder: Path) -> Config:
        told = {
            "organization": {"accounts_include": list(self.accounts), "regions": list(self.regions)},
            "collect": {
                "pace": 0, "metric_days": 30, "max_attempts": 3, "workers": 16, "timeout": self.timeout, "outage": 5,
                "datasets_skip": list(self.skip),
            },
            "paths": {"snapshots": str(folder)},
        }  # fmt: skip
        return Config.model_validate(told)


@dataclass(frozen=True)
class Cell:
    """One operation that goes bad in one way on one occasion."""

    operation: Operation
    fault: Fault
    occasion: str

    def __str__(self) -> str:
        return f"{name_of(self.operation)} × {self.fault.name} × {self.occasion}"

    @property
    def may_list_nothing(self) -> bool:
        """Whether AWS says in the spoiled answer that there is nothing, as it would where that is so."""
        listing = self.operation.items and not self.operation.must and not self.operation.never_empty
        return bool(listing) and self.fault.absent

    @property
    def must_be_whole(self) -> bool:
        """Whether the collection must be as if nothing had happened, since the next attempt heals it."""
        says_enough = self.may_list_nothing or (self.fault.whole_in_xml and is_xml(self.operation.service))
        return self.occasion == ONCE and self.fault.retried and not says_enough

    @property
    def may_end(self) -> bool:
        """Whether the collection may end with an error and without a snapshot."""
        return self.operation.service in ("organizations", "sts") and not self.must_be_whole

    def concerns(self, question: Question, place: tuple[str, str]) -> bool:
        """Whether the answer to a question may be spoiled."""
        if (question.service, question.operation) != (self.operation.service, _aws_name(self.operation)):
            return False
        if self.occasion != PLACE:
            return True
        account, region = place
        return question.account == account and (not self.is_regional or question.region == region)

    @property
    def is_regional(self) -> bool:
        """Whether the operation is asked in each Region of an account."""
        return self.operation.service not in ("account", "sts")

    def places_of(self, part: Part) -> set[tuple[str, str]]:
        """Account and Region of the coverage that may tell of a fault in one place."""
        account = part.place[0]
        return {part.place} if self.is_regional else {(account, GLOBAL), *((account, each) for each in part.regions)}


@cache
def _aws_name(operation: Operation) -> str:
    model = botocore.session.get_session().get_service_model(operation.service)
    return next(name for name in model.operation_names if xform_name(name) == operation.name)


def name_of(operation: Operation) -> str:
    """As in ``sesv2:GetEmailIdentity``."""
    return f"{operation.service}:{_aws_name(operation)}"


@cache
def operations() -> dict[str, tuple[Operation, frozenset[str]]]:
    """Every operation that a collection asks, by name, with the frames that are made of its answers."""
    found: dict[str, tuple[Operation, frozenset[str]]] = {name_of(one): (one, frozenset()) for one in SIGN_IN}
    modules = [
        importlib.import_module(f"{datasets.__name__}.{m.name}") for m in pkgutil.iter_modules(datasets.__path__)
    ]
    for module in [*modules, places]:
        made = frozenset(
            frame.name
            for collector in collectors().values()
            if getattr(collector.read, "__module__", "") == module.__name__
            for frame in collector.frames
        )
        found |= {name_of(one): (one, made) for one in vars(module).values() if isinstance(one, Operation)}
    return dict(sorted(found.items()))


def cells(names: Sequence[str] = (), faults: Sequence[str] = (), occasions: Sequence[str] = OCCASIONS) -> list[Cell]:
    """The cells of some operations and faults; of all without names. Raises KeyError for a name that there is not."""
    return [
        Cell(operations()[name][0], FAULTS[fault], occasion)
        for name in names or operations()
        for fault in faults or FAULTS
        for occasion in occasions
        if occasion != PLACE or (operations()[name][0].service not in WITHOUT_PLACE and name != "sts:GetCallerIdentity")
    ]


@dataclass
class Lab:
    """An endpoint, proxies before it, and what is collected from it without a fault."""

    part: Part
    folder: Path
    proxies: SimpleQueue[tuple[str, Proxy]]
    """With the name of the AWS profile that leads to each; whoever takes one puts it back."""
    good: Snapshot

    def judge(self, cell: Cell) -> tuple[str, list[str]]:
        """How the collection of a cell ended, and what is wrong with it."""
        profile, proxy = self.proxies.get()
        try:
            met, spoil = _limited(cell, self.part.place)
            proxy.spoil = spoil
            with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                outcome, wrong = self._collected(cell, Path(folder), profile)
            if not met:
                return "no answer that it could spoil", []
            return outcome, wrong
        finally:
            proxy.spoil = None
            self.proxies.put((profile, proxy))

    def _collected(self, cell: Cell, folder: Path, profile: str) -> tuple[str, list[str]]:
        try:
            path = collect(self.part.config(folder), clock=lambda: NOW, profile=profile)
        except SesReportError as error:
            left = [str(path) for path in snapshots(folder)]
            wrong = [f"a snapshot was left: {path}" for path in left]
            if not cell.may_end or not (isinstance(error, CollectError) or cell.may_list_nothing):
                wrong.append(f"ended with {type(error).__name__}: {error}")
            return "ended without a snapshot", wrong
        except Exception as error:  # noqa: BLE001 - a collection must end with an error of its own, whatever it meets
            return "ended with an exception", [f"raised {type(error).__name__}: {error}"]
        found = load(path)
        exempt = operations()[name_of(cell.operation)][1] if cell.may_list_nothing else frozenset()
        wrong = [*differences(self.good, found, exempt)]
        gaps = told(self.good, found)
        if cell.occasion == PLACE:
            here = cell.places_of(self.part)
            wrong += [f"a gap in another place: {gap}" for gap in sorted(gaps) if gap[:2] not in here]
        if cell.must_be_whole:
            wrong += [f"a gap that another attempt would have closed: {gap}" for gap in sorted(gaps)]
        return "a gap in coverage" if gaps else "the same", wrong


def _limited(cell: Cell, place: tuple[str, str]) -> tuple[list[str], Spoil]:
    """What spoils the answers of a cell, and a list that gets an entry for each that it spoiled."""
    met: list[str] = []
    lock = Lock()

    def spoil(question: Question, answer: Answer) -> Answer | None:
        if not cell.concerns(question, place):
            return None
        with lock:
            if cell.occasion == ONCE and met:
                return None
            spoiled = cell.fault.spoil(question, answer)
            if spoiled is not None:
                met.append(question.path)
            return spoiled

    return met, spoil


Place = tuple[str, str]


def told(good: Snapshot, found: Snapshot) -> set[tuple[str, str, str]]:
    """Account, Region and dataset of the gaps that the fault-free snapshot does not have."""
    return {key for key, status in _statuses(found).items() if status in GAPS and _statuses(good).get(key) != status}


def _statuses(snapshot: Snapshot) -> dict[tuple[str, str, str], str]:
    columns = [snapshot.coverage[name].tolist() for name in ("account_id", "region", "dataset", "status")]
    return {(account, region, dataset): status for account, region, dataset, status in zip(*columns, strict=True)}


def differences(good: Snapshot, found: Snapshot, exempt: frozenset[str] = frozenset()) -> Iterator[str]:
    """What coverage does not tell of how a snapshot differs from the fault-free one.

    Of the frames in ``exempt``, rows and the columns covered apart may be missing without a gap.
    """
    gaps = told(good, found)
    before, after = _statuses(good), _statuses(found)
    regions = {region for _, region, _ in before} - {GLOBAL}
    for account, region, dataset in sorted(before.keys() | after.keys()):
        key = account, region, dataset
        was, now = before.get(key), after.get(key)
        if was == now or key in gaps or (account, region, EVERYTHING) in gaps:
            continue
        if dataset == "regions" and all((account, where, EVERYTHING) in gaps for where in regions):
            continue  # the account could not be entered
        if was is None and now == "ok":
            continue
        if not (dataset == EVERYTHING and "accounts" in exempt):
            yield f"coverage of {dataset} in {account}/{region} was {was} and is {now}"
    for name, frame in frames().items():
        if name != COVERAGE.name and not good.frames[name].equals(found.frames[name]):
            rows = _by_place(good.frames[name]), _by_place(found.frames[name])
            for place in sorted(rows[0].keys() | rows[1].keys()):
                one, other = (each.get(place, []) for each in rows)
                yield from _of_place(name, list(frame.keys), place, one, other, gaps, name in exempt)


def _by_place(frame: pd.DataFrame) -> dict[Place, list[dict[str, Any]]]:
    found: dict[Place, list[dict[str, Any]]] = {}
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    for row in rows:
        found.setdefault((row["account_id"], row.get("region", GLOBAL)), []).append({str(k): row[k] for k in row})
    return found


def _of_place(
    name: str,
    keys: Sequence[str],
    place: Place,
    good: list[dict[str, Any]],
    found: list[dict[str, Any]],
    gaps: set[tuple[str, str, str]],
    exempt: bool,
) -> Iterator[str]:
    """What is wrong with one frame's rows of one place: what is missing without a gap, and what was never there."""
    where = f"{name} of {'/'.join(place)}"
    regional = any(name in {f.name for f in c.frames} and c.scope == "region" for c in collectors().values())

    def is_told(dataset: str) -> bool:
        if regional:
            return bool({(*place, dataset), (*place, EVERYTHING)} & gaps)
        return any(region == GLOBAL and what == dataset for _, region, what in gaps)

    gap = is_told(name)
    theirs = {tuple(str(row[key]) for key in keys): row for row in good}
    ours = {tuple(str(row[key]) for key in keys): row for row in found}
    if (missing := theirs.keys() - ours.keys()) and not gap and not exempt:
        yield f"{where}: {len(missing)} of {len(theirs)} rows are missing: {sorted(missing)[0]}"
    if len(theirs) != len(good) and sorted(map(str, good)) != sorted(map(str, found)) and not gap and not exempt:
        yield f"{where}: rows differ"
    for key, row in ours.items():
        if key not in theirs:
            yield f"{where}: a row that is not there: {key}"
            continue
        for column, value in row.items():
            right = theirs[key][column]
            if str(value) == str(right):
                continue
            apart = COVERED_APART.get((name, column))
            unknown = value is None and (gap or (apart is not None and is_told(apart)))
            if not unknown and not (exempt and apart):
                yield f"{where}: {column} of {key} is {value!r}, not {right!r}"


def _shortened(question: Question, answer: Answer) -> Answer:
    """Two weeks of send statistics would be most of the work, so a part of them has to do."""
    if question.operation != "GetSendStatistics":
        return answer
    points = re.findall(rb"<member>.*?</member>", answer.body, re.DOTALL)
    return replace(answer, body=answer.body.replace(b"".join(points[POINTS:]), b""))


@contextmanager
def lab(part: Part, endpoint: Endpoint, folder: Path, *, proxies: int = 1) -> Iterator[Lab]:
    """Proxies before the endpoint, AWS profiles that lead to them, and the fault-free snapshot."""
    kept: dict[str, Answer] = {}
    with ExitStack() as stack:
        free: SimpleQueue[tuple[str, Proxy]] = SimpleQueue()
        running = [
            (f"proxy{number}", stack.enter_context(proxying(Proxy(endpoint.url, kept, _shortened))))
            for number in range(proxies)
        ]
        for each in running:
            free.put(each)
        stack.enter_context(patch.dict(os.environ))
        _lead_to(running, endpoint.environment(), folder)
        for name, quick in QUICK.items():
            stack.enter_context(patch(name, quick))
        good = load(collect(part.config(folder / "good"), clock=lambda: NOW, profile=running[0][0]))
        yield Lab(part, folder, free, good)


def _lead_to(proxies: Sequence[tuple[str, Proxy]], told: Mapping[str, str], folder: Path) -> None:
    """Writes the AWS profiles, and hides what else the environment says of AWS."""
    sections = [
        f"[profile {profile}]\nendpoint_url = {proxy.url}\nregion = {told['AWS_DEFAULT_REGION']}\n"
        f"aws_access_key_id = {told['AWS_ACCESS_KEY_ID']}\naws_secret_access_key = {told['AWS_SECRET_ACCESS_KEY']}\n"
        for profile, proxy in proxies
    ]
    file = folder / "aws"
    file.write_text("\n".join(sections))
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        AWS_CONFIG_FILE=str(file), AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_EC2_METADATA_DISABLED="true",
        NO_PROXY=told["NO_PROXY"], no_proxy=told["no_proxy"],
    )  # fmt: skip


def main() -> int:
    """Runs the cells that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.collect.matrix", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--operation", action="append", choices=list(operations()), metavar="NAME")
    parser.add_argument("--fault", action="append", choices=list(FAULTS), metavar="NAME")
    parser.add_argument("--occasion", action="append", choices=OCCASIONS)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--times", action="store_true", help="print the seconds that each cell took")
    options = parser.parse_args()
    logging.getLogger("sesreport").setLevel(logging.ERROR)  # what it warns of is what is tried here
    began = time.monotonic()
    chosen = cells(options.operation or (), options.fault or (), options.occasion or OCCASIONS)
    chosen.sort(key=lambda cell: cell.fault.name != "slow")  # these wait most of the time
    outcomes: Counter[str] = Counter()
    failed = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(today=reference_day()) as endpoint,
        lab(Part(), endpoint, Path(folder), proxies=options.threads) as built,
        ThreadPoolExecutor(options.threads) as pool,
    ):

        def judged(cell: Cell) -> tuple[Cell, str, list[str], float]:
            started = time.monotonic()
            return cell, *built.judge(cell), time.monotonic() - started

        for cell, outcome, wrong, seconds in pool.map(judged, chosen):
            outcomes[outcome] += 1
            failed += bool(wrong)
            if wrong or options.times:
                more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
                print(f"{cell} ({seconds:.1f} s): {wrong[0] if wrong else outcome}{more}", flush=True)
    print(f"{len(chosen)} cells: " + ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()))
    print(f"{failed} failed; {time.monotonic() - began:.0f} seconds")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
