"""What Lambda loads: the functions run beside boto3 alone, and load nothing else."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.governance.monitor.cloudtrail import CONTEXT, OUTSIDER, Account, allow, policy, put
from tests.governance.monitor.test_config_rule import invocation

PACKED = ("sesreport",)
"""What the zip file holds, as templates/aws/README.md packs it."""
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")
"""What Lambda's Python runtime brings."""
RUN = """
import json, sys, types
module, event, arn = sys.argv[1:]
from importlib import import_module
handler = import_module(module).handler
context = types.SimpleNamespace(invoked_function_arn=arn, get_remaining_time_in_millis=lambda: 300_000)
result = handler(json.loads(event), context)
loaded = sorted({name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names))
print(json.dumps({"result": result, "loaded": loaded}))
"""


def packed(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        spec = find_spec(name)
        assert spec is not None and spec.origin is not None
        source = Path(spec.origin)
        source = source.parent if source.name == "__init__.py" else source
        (folder / source.name).symlink_to(source)
    return folder


@pytest.mark.parametrize(
    ("module", "event", "says"),
    [
        ("watch", put(policy(allow(OUTSIDER))), ("outcome", "newly allows")),
        ("config_rule", {**invocation("TESTMODE"), "configRuleName": ""}, ("COMPLIANT", 1)),
    ],
)
def test_the_functions_run_with_what_the_zip_file_holds(
    account: Account, tmp_path: Path, module: str, event: dict[str, object], says: tuple[str, object]
) -> None:
    account.identity()
    code, runtime = packed(tmp_path / "task", *PACKED), packed(tmp_path / "runtime", *RUNTIME)
    start = f"import sys; sys.path += [{str(code)!r}, {str(runtime)!r}]\n{RUN}"
    arguments = [f"sesreport.governance.monitor.{module}", json.dumps(event), CONTEXT.invoked_function_arn]
    command = [sys.executable, "-I", "-S", "-c", start, *arguments]
    run = subprocess.run(command, cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    assert answer["result"][says[0]] == says[1]
    loaded = {name for name in answer["loaded"] if not name.startswith("_")}  # the interpreter's own
    assert loaded <= {*PACKED, *RUNTIME}


def test_only_the_aws_module_makes_clients() -> None:
    package = Path(str(find_spec("sesreport").origin)).parent  # type: ignore[union-attr]
    importing = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(name.name.partition(".")[0] == "boto3" for name in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "boto3")
    }
    assert importing == {"aws/clients.py"}
