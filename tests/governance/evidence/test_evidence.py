"""Evidence of each control: what it holds, that a sample can be drawn again, and that hashes are those of the files."""

from __future__ import annotations

import csv
import hashlib
import json
import random

import pytest

from sesreport.analysis.registry import derived_frames
from sesreport.findings.registry import rules
from sesreport.governance.evidence import controls, fill
from sesreport.governance.evidence.folder import SAMPLE, seed_of
from sesreport.kpis.registry import kpis
from sesreport.snapshot.collected import frames


@pytest.fixture(scope="module")
def folder(demo_pack, tmp_path_factory):
    made = tmp_path_factory.mktemp("evidence") / "evidence"
    fill(demo_pack.frames, demo_pack.results, made)
    return made


def test_controls_name_frames_rules_and_kpis_that_there_are():
    known = {*frames(), *derived_frames()}
    for control in controls():
        assert control.population in known, control
        assert not set(control.rules) - set(rules()), control
        assert not set(control.kpis) - {kpi.id for kpi in kpis()}, control


def test_every_standard_of_the_four_is_there_once_a_control():
    ids = [(control.standard, control.id) for control in controls()]
    assert len(set(ids)) == len(ids)
    assert {standard for standard, _ in ids} == {"SOC 2", "PCI DSS 4.0", "ISO 27001:2022", "NIST CSF 2.0"}


def test_each_control_has_a_folder_and_a_line_of_the_index(folder):
    rows = list(csv.DictReader((folder / "controls.csv").open(encoding="utf-8")))
    assert [row["folder"] for row in rows] == [control.folder for control in controls()]
    assert all((folder / row["folder"] / "README.md").exists() for row in rows)


def test_the_sample_can_be_drawn_again(folder, demo_pack):
    control = next(one for one in controls() if one.id == "CC6.1")
    population = list(csv.reader((folder / control.folder / "population.csv").open(encoding="utf-8")))[1:]
    drawn = random.Random(seed_of(control, demo_pack.results)).sample(range(len(population)), SAMPLE)
    sample = list(csv.reader((folder / control.folder / "sample.csv").open(encoding="utf-8")))[1:]
    assert sample == [population[position] for position in sorted(drawn)]


def test_exceptions_are_the_findings_of_the_rules(folder, demo_pack):
    control = next(one for one in controls() if one.id == "CC6.1")
    rows = list(csv.DictReader((folder / control.folder / "exceptions.csv").open(encoding="utf-8")))
    findings = demo_pack.frames["findings"]
    assert {row["fingerprint"] for row in rows} == set(
        findings.loc[findings["rule"].isin(control.rules), "fingerprint"]
    )


def test_policy_texts_stand_whole_beside_their_verdicts(folder, demo_pack):
    control = next(one for one in controls() if one.id == "CC6.1")
    shown = json.loads((folder / control.folder / "policies.json").read_text(encoding="utf-8"))
    known = set(demo_pack.frames["policies"]["sha256"])
    assert shown
    for each in shown:
        assert hashlib.sha256(each["document"].encode("utf-8", "surrogatepass")).hexdigest() == each["sha256"]
        assert each["verdict"]["exposure"] is not None or each["verdict"]["needs_review"]
    assert {each["sha256"] for each in shown} <= known


def test_hashes_are_those_of_the_files(folder):
    one = folder / controls()[0].folder
    for line in (one / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((one / name).read_bytes()).hexdigest() == digest


def test_a_frame_that_is_not_there_is_told_and_not_empty(demo_pack, tmp_path):
    without = {name: frame for name, frame in demo_pack.frames.items() if name != "grants"}
    fill(without, demo_pack.results, tmp_path / "e")
    control = next(one for one in controls() if one.population == "grants")
    text = (tmp_path / "e" / control.folder / "README.md").read_text(encoding="utf-8")
    assert "not available" in text
    assert not (tmp_path / "e" / control.folder / "population.csv").exists()
