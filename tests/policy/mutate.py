"""Does anybody notice when the engine is wrong? Break it on purpose, one fault at a time, and run the tests.

    python -m tests.policy.mutate

Works on a copy of the package in a temporary directory. Prints one line a fault; exits with 1 when one
survives.
"""

# ruff: noqa: E501 - the table of faults quotes lines as they stand

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: (file, what stands there, what is put in its place, what that does)
FAULTS = (
    ("space.py", "            space.denies.append(box)\n", "            pass\n", "drop every Deny"),
    ("evaluator.py", "if statement.effect is Effect.DENY:\n                    return", "if False:\n                    return", "referee ignores Deny"),
    ("evaluator.py", "return any(found) != operator.negated", "return any(found)", "ignore negation"),
    ("evaluator.py", "return operator.if_exists or operator.qualifier == \"ForAllValues\"", "return operator.qualifier == \"ForAllValues\"", "IfExists does nothing for sets"),
    ("evaluator.py", "        return operator.negated\n", "        return False\n", "a missing key fails negations"),
    ("evaluator.py", "return all(one != operator.negated for one in found)", "return any(one != operator.negated for one in found)", "ForAllValues asks for one value"),
    ("evaluator.py", "        if not _like(field, part, request):\n            return False\n    return True", "        if _like(field, part, request):\n            return True\n    return False", "ArnLike matches on one field"),
    ("search.py", "found = self.find(part, removed, index + 1)", "found = self.find(part, removed, index + 2)", "skip the Deny after one that meets"),
    ("search.py", "                rest = inside[axis] & ~theirs\n", "                rest = inside[axis] & ~theirs if axis else 0\n", "never split by caller"),
    ("fragment.py", "if operator.family == \"binary\" or", "if", "binary comparison is decided"),
    ("scene.py", "mask |= (any(patterns.matches(one, name) for one in parsed) != not_action) << index", "mask |= any(patterns.matches(one, name) for one in parsed) << index", "NotAction is Action"),
    ("search.py", "            return None\n        return box", "            return box\n        return box", "covered boxes survive"),
    ("callers.py", "shared = common and place.common", "shared = common", "a named organization is anybody's"),
    ("accounts.py", "return (Membership(ours, f\"{ours}/r-zq77/ou-zq77-zqzqzqzq/\", True),)", "return (Membership(None, None, True),)", "members are in no organization"),
    ("accounts.py", "    found += [(account, Standing.STRANGER) for account in _strangers(scene, known, groups)]\n", "", "forget strangers"),
    ("callers.py", "groups = account_groups(scene, \"aws:principalaccount\", \"aws:principalarn\", \"aws:userid\")", "groups = ()", "account globs tell nobody apart"),
    ("axes.py", "found[kind] = (str(address_type(address)), not somebodys)", "found[kind] = (str(address_type(address)), True)", "narrow networks are anybody's"),
    ("axes.py", "    return (*found, f\"zq@zq.{domain}\")", "    return tuple(found)", "forget subdomains"),
    ("axes.py", "for m in (whole - 1, whole, whole + 1) if m >= scene.today", "for m in (whole,) if m >= scene.today", "forget the far side of a date"),
    ("services.py", "        found.append(Who(caller, always, Standing.SERVICE, common=not named))\n", "", "services always name a source"),
    ("space.py", "[CallOrigin({}, True)] if of_services else call_origins(scene, dict(values))", "call_origins(scene, dict(values))", "services have an internet address"),
    ("space.py", "        box[at] &= condition_mask(", "        box[at] |= condition_mask(", "conditions do not narrow"),
    ("space.py", "if box[0] and tagged:", "if False:", "root users have tags"),
    ("engine.py", "guarded = known and guarded is not False", "guarded = known", "one guarded source guards all"),
    ("engine.py", "if who.standing is Standing.STRANGER and not public:\n        return \"external\"", "if False:\n        return \"external\"", "tied strangers are public"),
    ("reach.py", "rest = meet(rest, 0, ~part[0])", "rest = None", "one kind of caller is enough"),
    ("forms.py", "    literals: set[str] = {form.start}\n", "    literals: set[str] = set()\n", "forget the value that no pattern matches"),
    ("automata.py", "bit = 1 << position\n                crosses = not text.fielded or field >= 5", "bit = 1 << position\n                crosses = True", "ARN wildcards cross colons"),
    ("patterns.py", "return len(text) >= len(first) + len(last)", "return True", "x*x matches x"),
    ("callers.py", "stands = Standing.MEMBER if place.joins else standing", "stands = standing", "who joins is a stranger"),
    ("accounts.py", "    return stranger(scene), _joined(ours, scene.groups(path_key))", "    return None, ()", "nobody joins a listed organization"),
    ("accounts.py", "return (nowhere, *foreign, *_joined(ours, paths))", "return (nowhere, *foreign)", "an unlisted organization has no members"),
    ("callers.py", "            condition.name in scene.given_up\n            or _account_meets(", "            _account_meets(", "given-up keys rule accounts out"),
    ("callers.py", "patterns.matches(one, account) or patterns.matches(one, \"\")", "patterns.matches(one, account)", "every ARN holds an account"),
    ("accounts.py", "        found |= dict.fromkeys([one] if", "        _ = dict.fromkeys([one] if", "there is one partition"),
    ("scene.py", "\"aws:resourceorgid\": self.organization.id,", "\"aws:resourceorgid\": None,", "the identity's organization is not known"),
    ("scene.py", "form = _ACCOUNT_ID if statement.effect is Effect.ALLOW else _BARE_ACCOUNT_ID", "form = _ACCOUNT_ID", "role names in a Deny name accounts"),
    ("services.py", "                regions.add(\"\")", "                regions.add(\"zq\")", "every source has a Region"),
    ("patterns.py", "ends = index + 1 == len(units) or units[index + 1] == \":\"", "ends = True", "every wildcard of a resource crosses colons"),
    ("patterns.py", "ends = index + 1 == len(units) or units[index + 1] == \":\"", "ends = False", "no wildcard of a resource crosses colons"),
    ("evidence.py", "if decision.allowed and decision.statement is not None:", "if decision.statement is not None:", "proofs need not be allowed"),
    ("checks.py", "if widest != exposure.exposure or", "if", "the widest proof is not compared"),
    ("checks.py", "yield f\"it names the account {account}, which stands in no policy\"", "pass", "made-up accounts pass"),
    ("cache.py", "return any(key(name).value_type is ValueType.DATE for name in named)", "return False", "the day never counts"),
    ("analyze.py", "        frozenset(register.items()),\n", "", "the register is no part of a question"),
    ("analyze.py", "        own,\n        organization,\n", "        organization,\n", "near identities are no part of a question"),
    ("analyze.py", "if not any(cache.read(name, text).errors for name, text in texts.items())", "if texts", "unreadable addresses come first"),
    ("engine.py", "    try:\n        return _decide(question)\n    except Exception", "    try:\n        return _decide(question)\n    except ZeroDivisionError", "a fault ends everything"),
    ("space.py", "always = {name: (value,) for name, value in fixed.items() if value is not None}", "always = {}", "fixed variables have no value"),
    ("axes.py", "\"aws:sourcevpc\": forms.VPC,", "\"aws:sourcevpc\": forms.FREE,", "VPC ids are any text"),
    ("axes.py", "groups = (*scene.groups(name, known), fixed)", "groups = (*written, fixed)", "networks know nothing of the caller"),
    ("compare.py", "    for denied in old_denies:", "    for denied in ():", "what was denied is not new"),
    ("compare.py", "part = search.find(box, [*space.denies, *old_allows])", "part = search.find(box, old_allows)", "new Deny statements do not count"),
)  # fmt: skip
TESTS = (
    "test_patterns.py",
    "test_evaluator.py",
    "test_exposure.py",
    "test_cases.py",
    "test_compare.py",
    "test_laws.py",
    "test_against_universe.py",
    "test_cache.py",
    "test_checks.py",
    "test_hostile.py",
)


def noticed(copy: Path) -> bool:
    """Whether some test fails on the copy."""
    environment = {**os.environ, "PYTHONPATH": str(copy), "SESREPORT_TIMES": "3"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header"]
    command += [str(copy / "tests" / "policy" / name) for name in TESTS]
    run = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=1200)
    return run.returncode != 0


def main() -> int:
    survivors = 0
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        shutil.copy(ROOT / "pyproject.toml", copy)
        for part in ("sesreport", "tests"):
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        # A fault is noticed at its first failure; examples need not be made small.
        shared = copy / "tests" / "tests_shared.py"
        text = shared.read_text().replace("database=None", "database=None, phases=(Phase.generate,)")
        shared.write_text(text.replace("import HealthCheck", "import HealthCheck, Phase"))
        for file, old, new, what in FAULTS:
            path = copy / "sesreport" / "policy" / file
            right = path.read_text()
            if right.count(old) < 1:
                print(f"STALE     {file}: {what}")
                survivors += 1
                continue
            path.write_text(right.replace(old, new, 1))
            caught = noticed(copy)
            path.write_text(right)
            survivors += not caught
            print(f"{'noticed ' if caught else 'SURVIVED'}  {file}: {what}", flush=True)
    print(f"{len(FAULTS) - survivors} of {len(FAULTS)} faults noticed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
