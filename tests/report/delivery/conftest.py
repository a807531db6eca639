"""A pack on disk, and AWS over HTTP (moto) to deliver it to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from delivery_aws import OCTOBER, Aws
from moto.server import ThreadedMotoServer


@pytest.fixture(scope="session")
def a_pack(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packs with the demonstration's, as one made without notebooks is.

    Of the folders for each control and each fix, four hundred files in all, it has the first.
    """
    folder = tmp_path_factory.mktemp("pack-to-deliver")
    pack, whole = folder / str(OCTOBER), made / "out" / str(OCTOBER)
    first = {min(path.name for path in (whole / name).iterdir() if path.is_dir()) for name in ("evidence", "fixes")}

    def left_out(parent: str, names: list[str]) -> set[str]:
        if Path(parent).name in ("evidence", "fixes"):
            return {name for name in names if (Path(parent) / name).is_dir()} - first
        return {"notebooks"} & set(names)

    shutil.copytree(whole, pack, ignore=left_out)
    manifest = json.loads((pack / "manifest.json").read_text())
    files = {name: entry for name, entry in manifest["files"].items() if (pack / name).exists()}
    (pack / "manifest.json").write_text(json.dumps({**manifest, "notebooks": {}, "files": files}))
    return folder


@pytest.fixture
def output(a_pack: Path, tmp_path: Path) -> Path:
    """A folder of packs of the test's own."""
    shutil.copytree(a_pack / "2026-10", tmp_path / "out" / "2026-10")
    return tmp_path / "out"


@pytest.fixture(scope="session")
def _server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(_server: str, monkeypatch: pytest.MonkeyPatch) -> Aws:
    from moto.moto_api._internal.models import moto_api_backend

    moto_api_backend.reset()
    for name, value in {
        "AWS_ENDPOINT_URL": _server,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return Aws(_server)
