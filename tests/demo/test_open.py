"""A pack is opened with the settings of the snapshot it shows, from any folder, and computed once."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from analysis.estate import NOVEMBER, STRANGER, Estate, policy
from pandas.testing import assert_frame_equal
from papermill.exceptions import PapermillExecutionError

import sesreport as ses
from sesreport.core.errors import ConfigError
from sesreport.core.period import Period
from sesreport.core.resources import shipped
from sesreport.demo.organization import load_organization
from sesreport.kpis.registry import KPIS
from sesreport.report import kept
from sesreport.report.compute import make_pack
from sesreport.report.contents import Pack
from sesreport.report.notebooks import check_injected
from sesreport.settings.config import Config, load_config
from sesreport.settings.register import register_of
from sesreport.snapshot.store import Snapshot, load

OCTOBER = Period(2026, 10)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def project(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings, a register, one snapshot, and notebooks in which somebody works."""
    folder = tmp_path / "project"
    (folder / "notebooks").mkdir(parents=True)
    (folder / "sesreport.toml").write_text('[organization]\nname = "Acme"\n[paths]\nregister = "ours.csv"\n')
    (folder / "ours.csv").write_text(f"account_id,name\n{STRANGER},Known to us\n")
    Estate().identity("example.com", {"p": policy(STRANGER)}).write(folder / "data" / "snapshots")
    monkeypatch.chdir(folder / "notebooks")
    return folder


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Snapshot, Config]]:
    """The snapshot and the settings of each pack that is asked for; none is computed."""
    asked: list[tuple[Snapshot, Config]] = []
    monkeypatch.setattr(kept, "computed_pack", lambda snapshot, config, *_, **__: asked.append((snapshot, config)))
    return asked


def test_the_latest_snapshot_comes_with_the_settings_above_the_notebook(project: Path) -> None:
    opened = ses.open_pack(snapshot="latest")
    assert opened.about.startswith("Internal: Acme, October 2026")
    assert opened.frames["register"]["name"].tolist() == ["Known to us"]


def test_a_snapshot_comes_with_the_settings_above_it(
    project: Path, asked: list[tuple[Snapshot, Config]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    path = project / "data" / "snapshots" / f"{NOVEMBER:%Y%m%dT%H%M%SZ}"
    ses.open_pack(snapshot=str(path))
    ((snapshot, config),) = asked
    assert (snapshot.id, config.organization.name) == (path.name, "Acme")


def test_without_settings_the_nearest_folder_with_snapshots_counts(
    project: Path, asked: list[tuple[Snapshot, Config]]
) -> None:
    (project / "sesreport.toml").unlink()
    ses.open_pack(snapshot="latest")
    ((snapshot, config),) = asked
    assert (project / "data" / "snapshots" / snapshot.id).is_dir()
    assert config.organization.name == ""
    assert register_of(config, NOVEMBER.date()).empty


def test_the_demonstration_s_snapshot_comes_with_its_own_register(
    tmp_path: Path, project: Path, asked: list[tuple[Snapshot, Config]]
) -> None:
    theirs = load_organization(shipped("data/demo")).id
    ses.open_pack(snapshot=str(Estate(organization=theirs).identity().write(tmp_path / "demo")))
    ((_, config),) = asked
    assert config.organization.name == "Example Corp"
    assert len(register_of(config, NOVEMBER.date())) > 1


def inputs(tmp_path: Path) -> tuple[Snapshot, Config]:
    (tmp_path / "ours.csv").write_text("account_id,name\n")
    settings = tmp_path / "sesreport.toml"
    settings.write_text('[paths]\nregister = "ours.csv"\n')
    path = tmp_path / "snapshots" / f"{NOVEMBER:%Y%m%dT%H%M%SZ}"
    if not path.exists():
        Estate().identity("example.com", {"p": policy(STRANGER)}).write(path.parent)
    return load(path), load_config(settings)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Pack]:
    """A folder with the inputs and the cache of a pack, and the pack."""
    folder = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        return folder, kept.computed_pack(*inputs(folder), OCTOBER, earlier={})


@pytest.fixture
def computed(first: tuple[Path, Pack], tmp_path: Path, cache: Path) -> tuple[Snapshot, Config]:
    """The inputs in a folder of the test's own, with a cache that holds their pack."""
    shutil.copytree(first[0], tmp_path, dirs_exist_ok=True)
    return inputs(tmp_path)


def test_a_pack_opened_again_is_the_one_computed(first: tuple[Path, Pack], computed: tuple[Snapshot, Config]) -> None:
    (snapshot, config), (_, fresh) = computed, first
    again = kept.kept_pack(snapshot, config, OCTOBER, earlier={})
    plain = make_pack(snapshot, config, OCTOBER)
    assert again is not None and again.results == fresh.results == plain.results
    assert list(again.frames) == sorted(plain.frames)
    for name in plain.frames:
        assert_frame_equal(again.frames[name], fresh.frames[name])


@pytest.mark.parametrize("changed", ["register", "no register", "settings", "period", "earlier", "file"])
def test_a_pack_of_another_input_is_computed_anew(
    tmp_path: Path, cache: Path, computed: tuple[Snapshot, Config], changed: str
) -> None:
    snapshot, config = computed
    period, earlier = OCTOBER, dict[Period, Snapshot]()
    match changed:
        case "register":
            (tmp_path / "ours.csv").write_text(f"account_id,name\n{STRANGER},Known\n")
        case "no register":
            (tmp_path / "ours.csv").unlink()
        case "settings":
            config = config.model_copy(update={"report": config.report.model_copy(update={"title": "Other"})})
        case "period":
            period = Period(2026, 9)
        case "earlier":
            earlier = {Period(2026, 9): snapshot}
        case "file":
            next(cache.rglob("grants.parquet")).write_bytes(b"")
    assert kept.kept_pack(snapshot, config, period, earlier=earlier) is None


def test_with_a_kpi_of_one_s_own_nothing_is_taken_from_the_cache(
    computed: tuple[Snapshot, Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot, config = computed
    monkeypatch.setitem(KPIS._modules, "wildcard_policies", "__main__")
    assert kept.kept_pack(snapshot, config, OCTOBER, earlier={}) is None


def test_a_cache_that_cannot_be_written_does_no_harm(
    first: tuple[Path, Pack], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a-file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a-file"))
    monkeypatch.setattr(kept, "new_pack", lambda *_, **__: first[1])
    snapshot, config = inputs(tmp_path)
    assert kept.computed_pack(snapshot, config, OCTOBER, earlier={}) is first[1]
    assert (tmp_path / "a-file").read_text() == ""


OWN = 'pack: str = ""  # folder\ntop_n: int = 15  # rows'


@pytest.mark.parametrize(
    ("cells", "wrong"),
    [
        (["", OWN, "# Parameters\npack = 'x'\ntopn = 3\n"], "no parameter 'topn'; did you mean 'top_n'"),
        (["", OWN, "# Parameters\npack = 'x'\n"], None),
        (["", OWN, "import pandas"], None),
        (["", "# Parameters\nanything = 1"], None),
    ],
)
def test_a_parameter_that_a_notebook_does_not_have_is_an_error(cells: list[str], wrong: str | None) -> None:
    if wrong is None:
        check_injected(cells)
        return
    with pytest.raises(ConfigError, match=wrong):
        check_injected(cells)


def run(notebook: Path, folder: Path, parameters: Mapping[str, Any]) -> None:
    papermill.execute_notebook(str(notebook), str(folder / "out.ipynb"), dict(parameters), progress_bar=False)


def test_plain_papermill_fails_on_a_parameter_that_a_notebook_does_not_have(project: Path) -> None:
    source = project / "notebooks" / "own.ipynb"
    tagged = nbformat.v4.new_code_cell('snapshot: str = "latest"  # which', metadata={"tags": ["parameters"]})
    opening = nbformat.v4.new_code_cell("import sesreport as ses\nses.open_pack(snapshot=snapshot).about")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[tagged, opening], metadata=kernel), source)
    with pytest.raises(PapermillExecutionError, match="no parameter 'snapshoot'; did you mean 'snapshot'"):
        run(source, project, {"snapshoot": "latest"})
