"""How close a collection comes to the fastest that an API with SES's limits allows, and what its calls cost.

    python benchmarks/collect_bench.py pace         24 lanes of 5 to 60 identities, one request a second
    python benchmarks/collect_bench.py processor    processor time a call, beside a bare botocore loop over the calls
    python benchmarks/collect_bench.py memory       100,000 identities: peak memory, and the snapshot's times

The endpoint is a process of its own. Prints figures and ratios, asserts nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REGIONS = ["eu-west-1", "eu-central-1", "us-east-1", "us-west-2"]


@contextmanager
def endpoint(*options: str) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.collect.endpoint", "--regions", ",".join(REGIONS), *options]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout and server.stdin
        url = server.stdout.readline().strip()
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ |= {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_DEFAULT_REGION": REGIONS[0],
        }
        yield url
        server.stdin.close()


def seen(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/_seen") as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def collected(pace: float) -> tuple[Any, float, float]:
    """A collection's snapshot, its seconds, and its processor seconds."""
    from sesreport.collect.run import collect
    from sesreport.settings.config import Config
    from sesreport.snapshot.store import load

    with tempfile.TemporaryDirectory() as folder:
        settings = {"organization": {"regions": REGIONS}, "collect": {"pace": pace}, "paths": {"snapshots": folder}}
        began, spent = time.monotonic(), time.process_time()
        path = collect(Config.model_validate(settings), clock=lambda: datetime.now(UTC))
        took, cost = time.monotonic() - began, time.process_time() - spent
        snapshot = load(path)
        for name in snapshot.frames:
            getattr(snapshot, name)
        return snapshot, took, cost


def pace() -> None:
    sizes = [5, 60, *random.Random(7).sample(range(5, 61), 22)]
    for limit in ("operation", "shared"):
        with endpoint("--limit", limit, "--sizes", ",".join(map(str, sizes))) as url:
            snapshot, took, _ = collected(1.0)
            told = seen(url)
            calls = told["calls"]
            floor = max(sizes) - 1 if limit == "operation" else max(sizes) + 6 - 1
            ses = max(last - first for first, last in told["busy"].values())
            total = sum(count for name, count in calls.items() if name[0].isupper())
            gaps = (~snapshot.coverage["status"].isin(["ok", "skipped"])).sum()
            print(f"one request a second, {limit}: {len(sizes)} lanes, {sum(sizes)} identities, {total} calls")
            print(f"  {took:.1f} s, longest lane's floor {floor} s: ratio {took / floor:.3f} (SES alone {ses:.1f} s)")
            print(f"  throttled {calls.get('throttled', 0)} of {total}: {calls.get('throttled', 0) / total:.2%}")
            print(f"  lost: {sum(sizes) - len(snapshot.identities)} identities, {gaps} gaps in coverage")


def processor() -> None:
    import boto3

    sizes = ["60"] * 24
    for _ in range(3):
        with endpoint("--sizes", ",".join(sizes)) as url:
            _, _, ours = collected(0)
            calls = [key.split(" ", 3) for key, times in seen(url)["answered"].items() for _ in range(times)]
        bare = {}
        for per_account in (True, False):
            with endpoint("--sizes", ",".join(sizes)):
                spent = time.process_time()
                bare_loop(boto3, calls, per_account)
                bare[per_account] = time.process_time() - spent
        per = 1000 / len(calls)
        print(
            f"{len(calls)} calls: ours {ours * per:.2f} ms a call, snapshot included; bare loop with a client for each"
        )
        print(f"  account, Region and service {bare[True] * per:.2f} ms: ratio {ours / bare[True]:.2f}")
        print(f"  Region and service alone    {bare[False] * per:.2f} ms: ratio {ours / bare[False]:.2f}")


def bare_loop(boto3: Any, calls: list[list[str]], per_account: bool) -> None:
    """The same calls one after the other; with one client for all accounts, most are made in the wrong one."""
    from botocore import xform_name
    from botocore.config import Config

    services = {"LookupEvents": "cloudtrail", "ListMetrics": "cloudwatch", "ListRegions": "account"}
    first = {"GetIdentityNotificationAttributes", "GetSendStatistics"}
    mine = {"DescribeOrganization", "ListRoots", "ListAccountsForParent", "ListOrganizationalUnitsForParent"}
    clients: dict[tuple[str, str, str], Any] = {}
    sessions: dict[str, Any] = {}
    for account, region, operation, told in calls:
        if operation in ("AssumeRole", "GetCallerIdentity"):
            continue
        service = services.get(operation, "ses" if operation in first else "sesv2")
        service = "organizations" if operation in mine or operation == "ListTagsForResource" else service
        account = account if per_account else "210000000001"
        key = (service, account, region)
        if key not in clients:
            if account not in sessions:
                sessions[account] = boto3.Session(f"ASIA{account}", "secret", "token")
            clients[key] = sessions[account].client(
                service, region_name=region, config=Config(retries={"mode": "standard"})
            )
        parameters = json.loads(told) if told else {}
        parameters = {name: value for name, value in parameters.items() if name not in ("Action", "Version")}
        if service == "ses" and parameters:
            parameters = {"Identities": [v for k, v in parameters.items() if k.startswith("Identities")]}
        if "PageSize" in parameters:
            parameters["PageSize"] = int(parameters["PageSize"])
        if operation == "LookupEvents":
            for name in ("StartTime", "EndTime"):
                parameters[name] = datetime.fromtimestamp(parameters[name], UTC)
        if operation in ("GetSendStatistics", "ListMetrics"):
            parameters = {"Namespace": "AWS/SES"} if service == "cloudwatch" else {}
        getattr(clients[key], xform_name(operation))(**parameters)


def memory() -> None:
    with endpoint("--sizes", ",".join(["1000"] * 100)):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        snapshot, took, cost = collected(0)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{len(snapshot.identities):,} identities, {len(snapshot.policies):,} policies")
        print(f"  {took:.0f} s, {cost:.0f} s of processor time")
        print(f"  peak memory {peak:,.0f} MB ({before:,.0f} MB before)")
        from sesreport.snapshot.store import load, write_snapshot

        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            path = write_snapshot(
                Path(folder), snapshot.frames, started_at=datetime.now(UTC), finished_at=datetime.now(UTC), about={}
            )
            wrote = time.monotonic() - began
            began = time.monotonic()
            frames = load(path).frames
            print(f"  written in {wrote:.1f} s, loaded in {time.monotonic() - began:.1f} s ({len(frames)} frames)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("pace", "processor", "memory"))
    {"pace": pace, "processor": processor, "memory": memory}[parser.parse_args().what]()
