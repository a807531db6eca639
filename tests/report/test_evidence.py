"""A notebook that judges anew gets the very snapshot and settings of its pack, and no pack keeps where they were."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from analysis.estate import OCTOBER, STRANGER, VENDOR, Estate, policy

import sesreport as ses
from sesreport.core.errors import ConfigError, SnapshotError
from sesreport.report.compute import make_pack
from sesreport.report.evidence import LENT, Evidence, lent
from sesreport.settings.config import Config, load_config


def made(folder: Path) -> Evidence:
    """Settings, a register and a snapshot in a folder; those of any folder are the same."""
    (folder / "ours.csv").write_text(f"account_id,name\n{STRANGER},Known to us\n")
    (folder / "sesreport.toml").write_text('[organization]\nname = "Acme"\n[paths]\nregister = "ours.csv"\n')
    path = Estate().identity("a.example.com", {"p": policy(STRANGER)}).write(folder / "data" / "snapshots")
    return Evidence(ses.load(path), path.parent, load_config(folder / "sesreport.toml"))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> str:
    evidence = made(tmp_path_factory.mktemp("evidence"))
    return make_pack(evidence.snapshot, evidence.config, OCTOBER).results.to_json()


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    return made(tmp_path)


@pytest.fixture
def pack(evidence: Evidence, results: str, tmp_path: Path) -> Path:
    folder = tmp_path / "out" / "2026-10"
    folder.mkdir(parents=True)
    (folder / "results.json").write_text(results)
    return folder


def test_a_pack_in_the_making_lends_its_snapshot_and_settings(evidence: Evidence, pack: Path) -> None:
    elsewhere = evidence.config.model_copy(update={"report": evidence.config.report.model_copy(update={"title": "X"})})
    with lent(pack, Evidence(evidence.snapshot, evidence.folder, elsewhere)):
        assert stat.S_IMODE((pack / LENT).stat().st_mode) == 0o600
        analysis = ses.open_analysis(str(pack))
    assert analysis.config.sha256 == elsewhere.sha256
    assert analysis.snapshot.sha256 == evidence.snapshot.sha256
    assert analysis.register["name"].tolist() == ["Known to us"]
    assert not (pack / LENT).exists()


def test_it_is_taken_back_when_a_notebook_fails(evidence: Evidence, pack: Path) -> None:
    with pytest.raises(RuntimeError), lent(pack, evidence):
        raise RuntimeError
    assert not (pack / LENT).exists()


def test_settings_that_name_no_register_do_so_when_they_come_back(
    evidence: Evidence, pack: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with lent(pack, Evidence(evidence.snapshot, evidence.folder, Config())):
        assert ses.open_analysis(str(pack)).register.empty


def test_files_named_from_one_folder_are_found_from_another(
    evidence: Evidence, pack: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "data" / "register.csv").write_text(f"account_id,name\n{STRANGER},Named from here\n")
    monkeypatch.chdir(tmp_path)
    with lent(pack, Evidence(evidence.snapshot, evidence.folder, Config())):
        monkeypatch.chdir("/")
        assert ses.open_analysis(str(pack)).register["name"].tolist() == ["Named from here"]


def test_the_snapshot_of_a_made_pack_is_found_near_it(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    analysis = ses.open_analysis(str(pack))
    assert analysis.exposures["exposure"].tolist() == ["vendor"]
    assert analysis.period == OCTOBER


def test_a_pack_whose_snapshot_is_not_there_is_an_error(pack: Path, evidence: Evidence, tmp_path: Path) -> None:
    evidence.folder.rename(tmp_path / "moved")
    with pytest.raises(ConfigError, match="which is not in"):
        ses.open_analysis(str(pack))


def test_a_snapshot_of_the_same_name_is_not_taken_for_it(pack: Path, evidence: Evidence, tmp_path: Path) -> None:
    evidence.folder.rename(tmp_path / "moved")
    Estate().identity("a.example.com", {"p": policy(VENDOR)}).write(evidence.folder)
    with pytest.raises(ConfigError, match="another snapshot"):
        ses.open_analysis(str(pack))


def test_other_settings_are_not_taken_for_those_of_the_pack(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "sesreport.toml").write_text('[organization]\nname = "Other"\n')
    with pytest.raises(ConfigError, match="other settings"):
        ses.open_analysis(str(pack))


def test_a_broken_loan_is_told(pack: Path) -> None:
    (pack / LENT).write_text("{}")
    with pytest.raises(SnapshotError, match=LENT):
        ses.open_analysis(str(pack))
