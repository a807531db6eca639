"""How the kernels that run notebooks are reached, what is left of them, and what is shown of their outputs."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pytest

from sesreport.report import notebooks
from sesreport.report.notebooks import execute

REPORT = """
import json, pathlib
from ipykernel.connect import get_connection_info
found = json.loads(get_connection_info())
place = pathlib.Path(found["ip"])
found["sockets"] = [pathlib.Path(f"{place}-{found[name]}").is_socket() for name in found if name.endswith("_port")]
found["mode"] = oct(place.parent.stat().st_mode & 0o777)
print(json.dumps(found))
"""
posix = pytest.mark.skipif(os.name == "nt", reason="there are no such sockets on Windows")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "report.ipynb"
    parameters = nbformat.v4.new_code_cell('period: str = ""  # month', metadata={"tags": ["parameters"]})
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [parameters, nbformat.v4.new_code_cell(REPORT)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    return path


def connection(source: Path) -> dict[str, Any]:
    """What a kernel says of its own connection."""
    done = execute(source, source.with_name("executed.ipynb"), {})
    assert done.error is None
    (output,) = nbformat.read(done.path, as_version=4).cells[-1].outputs
    found: dict[str, Any] = json.loads(output.text)
    return found


@posix
def test_a_kernel_is_reached_by_sockets_that_its_user_alone_can_enter(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("long" * 30)  # no socket's name fits below it
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    found = connection(source)
    assert found["transport"] == "ipc"
    assert found["sockets"] == [True] * 5
    assert found["mode"] == "0o700"
    assert not Path(found["ip"]).parent.exists()  # nothing is left
    assert list(folder.iterdir()) == []


def test_where_there_can_be_no_socket_tcp_is_encrypted(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebooks, "_folder_for_sockets", lambda: None)
    found = connection(source)
    assert found["transport"] == "tcp"
    assert found["curve_publickey"] and found["curve_secretkey"]


def test_a_kernel_does_not_inherit_the_backend_of_an_editor(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "module://an_editors_own")
    node = nbformat.read(source, as_version=4)
    node.cells[-1].source = "import matplotlib.pyplot as plot\nplot.plot([1, 2]);"
    nbformat.write(node, source)
    done = execute(source, source.with_name("executed.ipynb"), {})
    assert done.error is None
    (output,) = nbformat.read(done.path, as_version=4).cells[-1].outputs
    assert "image/png" in output.data
    assert os.environ["MPLBACKEND"] == "module://an_editors_own"


def ran(folder: Path, second: str) -> bytes:
    """A notebook as papermill leaves one that failed; ``second`` is what differs between runs."""
    folder.mkdir()
    new, times = nbformat.v4, {"start_time": second, "end_time": second, "duration": float(second)}
    warning = f"/tmp/ipykernel_{second}/1.py:1: UserWarning: look"
    code = new.new_code_cell("x", id="0", outputs=[new.new_output("stream", name="stderr", text=warning)])
    given = new.new_code_cell("period = 1", id=f"a{second}", metadata={"tags": ["injected-parameters"]})
    failed = new.new_markdown_cell("failed", id=f"b{second}", metadata={"tags": ["papermill-error-cell-tag"]})
    cells = [code, given, failed]
    for cell in cells:
        cell.metadata.update(papermill={**times, "status": "completed"}, execution={"iopub.status.busy": second})
    about = {**times, "output_path": str(folder), "version": second, "parameters": {"period": 1}, "exception": True}
    metadata = {"papermill": about, "language_info": {"name": "python", "version": second}}
    nbformat.write(new.new_notebook(cells=[code]), folder / "source.ipynb")
    nbformat.write(new.new_notebook(cells=cells, metadata=metadata), folder / "executed.ipynb")
    notebooks._settle(folder / "source.ipynb", folder / "executed.ipynb")
    return (folder / "executed.ipynb").read_bytes()


def test_nothing_of_a_run_alone_is_left_in_what_it_executed(tmp_path: Path) -> None:
    one, other = ran(tmp_path / "one", "1"), ran(tmp_path / "other", "22")
    assert one == other


def test_what_a_notebook_was_given_and_what_became_of_it_is_left(tmp_path: Path) -> None:
    node = nbformat.reads(ran(tmp_path / "one", "1"), as_version=4)
    assert node.metadata.papermill == {"parameters": {"period": 1}, "exception": True}
    assert [cell.id for cell in node.cells] == ["0", "papermill-1", "papermill-2"]
    assert [cell.metadata.papermill.status for cell in node.cells] == ["completed"] * 3
    assert node.cells[0].outputs[0].text == "1.py:1: UserWarning: look"
    nbformat.validate(node)


def test_outside_text_is_visible_in_every_output(tmp_path: Path) -> None:
    hostile, shown = "a\x1b[31m\u202e\ufffe\r\nb", "a⟨U+001B⟩[31m⟨U+202E⟩⟨U+FFFE⟩\nb"
    outputs = [
        nbformat.v4.new_output("stream", name="stdout", text=hostile),
        nbformat.v4.new_output("display_data", data={"text/html": hostile, "application/json": {"a": [hostile, 1]}}),
        nbformat.v4.new_output(
            "display_data", data={"image/png": "iVBORw0="}, metadata={"image/png": {"alt": hostile}}
        ),
        nbformat.v4.new_output("error", ename="ValueError", evalue=hostile, traceback=[hostile]),
    ]
    path = tmp_path / "executed.ipynb"
    cells = [nbformat.v4.new_markdown_cell("text"), nbformat.v4.new_code_cell("x", outputs=outputs)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    notebooks._settle(path, path)
    stream, display, picture, error = nbformat.read(path, as_version=4).cells[1].outputs
    assert stream.text == shown
    assert display.data == {"text/html": shown, "application/json": {"a": [shown, 1]}}
    assert picture.data == {"image/png": "iVBORw0="} and picture.metadata == {"image/png": {"alt": shown}}
    assert (error.evalue, error.traceback) == (shown, [shown])
