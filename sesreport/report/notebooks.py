"""The only module that runs notebooks: papermill, one kernel each, several at a time.

A notebook's parameters are the ones its first code cell (tagged ``parameters``) names; anything else is an error,
because papermill alone would only log it and run with the default.
"""

from __future__ import annotations

import ast
import logging
import os
import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

from sesreport.core.errors import ConfigError, suggestion
from sesreport.core.files import sha256_of, write_whole
from sesreport.core.resources import shipped
from sesreport.core.text import marked

log = logging.getLogger(__name__)

_CELL_FILE = re.compile(r"\S*ipykernel_[0-9]+[\\/]")
"""The folder in which warnings say that the code of a cell is: it is named after the kernel's process."""


@dataclass(frozen=True)
class Executed:
    """What became of one notebook."""

    name: str
    path: Path
    """The executed copy; also there, as far as it came, when it failed."""
    source_sha256: str
    seconds: float
    error: str | None = None
    """``ENAME: message (cell n)``, or None when all cells ran."""
    cell: int | None = None
    """Place of the failed cell, from 1."""


def notebooks() -> list[Path]:
    """The shipped notebooks in the order of the pack."""
    return sorted(shipped("notebooks").glob("[0-9]*.ipynb"))


def parameters_of(notebook: Path) -> dict[str, dict[str, str]]:
    """Parameters by name with ``default``, ``inferred_type_name`` and ``help``, from the notebook's own cell."""
    import papermill

    found: dict[str, dict[str, str]] = papermill.inspect_notebook(str(notebook))
    return found


def check_parameters(notebook: Path, parameters: Mapping[str, Any]) -> None:
    """Raises ConfigError for a parameter the notebook does not have."""
    known = parameters_of(notebook)
    for name in parameters:
        if name not in known:
            raise ConfigError(f"{notebook.name} has no parameter {name!r}{suggestion(name, known)}")


def check_all(sources: Sequence[Path], parameters: Mapping[str, Any]) -> None:
    """Raises ConfigError for a parameter that none of the notebooks has."""
    known = dict.fromkeys(name for source in sources for name in parameters_of(source))
    for name in parameters:
        if name not in known and sources:
            raise ConfigError(f"no notebook has a parameter {name!r}{suggestion(name, known)}")


def check_injected(cells: Sequence[str]) -> None:
    """Raises ConfigError for a parameter that papermill gave to a notebook that does not have it.

    ``cells`` are the sources run so far; papermill's own follows the one that names the parameters.
    """
    for own, given in pairwise(cells):
        if given.startswith("# Parameters\n"):
            known = dict.fromkeys(_assigned(own))
            for name in _assigned(given):
                if known and name not in known:
                    raise ConfigError(f"the notebook has no parameter {name!r}{suggestion(name, known)}")


def _assigned(source: str) -> list[str]:
    """Names that a cell's statements give a value."""
    found = []
    for statement in ast.parse(source).body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        found += [target.id for target in targets if isinstance(target, ast.Name)]
    return found


def run_notebooks(
    sources: Sequence[Path],
    folder: Path,
    parameters: Mapping[str, Any],
    *,
    workers: int | None = None,
) -> list[Executed]:
    """Executes the notebooks into ``folder``, their kernels started there; results in the order of the sources.

    Each gets those ``parameters`` it has (:func:`check_all` finds one that none has). A failing notebook does not stop
    the others. ``workers`` defaults to the number of cores. Those that judge anew take longest, and begin first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = {source: parameters_of(source) for source in sources}
    with ThreadPoolExecutor(workers or os.cpu_count() or 1, thread_name_prefix="notebook") as pool:
        running = {
            source: pool.submit(
                execute, source, folder / source.name, {k: v for k, v in parameters.items() if k in known[source]}
            )
            for source in sorted(sources, key=lambda source: not _judges(source))
        }
        return [running[source].result() for source in sources]


def _judges(notebook: Path) -> bool:
    """Whether a notebook works an analysis out, and does not only read what was."""
    return b"open_analysis(" in notebook.read_bytes()


def execute(source: Path, destination: Path, parameters: Mapping[str, Any]) -> Executed:
    """Executes one notebook; failure is a value, and what ran before it is kept."""
    from papermill.exceptions import PapermillExecutionError

    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")  # this environment's kernel, not one of the user's others
    check_parameters(source, parameters)
    started = time.monotonic()
    error: str | None = None
    cell: int | None = None
    try:
        _run(source, destination, parameters)
    except PapermillExecutionError as failure:
        cell = int(failure.cell_index) + 1
        error = f"{failure.ename}: {str(failure.evalue).splitlines()[0] if failure.evalue else ''} (cell {cell})"
    except Exception as failure:  # a kernel that dies or never starts raises whatever its client met
        log.debug("%s", source, exc_info=True)
        error = f"{type(failure).__name__}: {str(failure).splitlines()[0] if str(failure) else 'the kernel stopped'}"
    return Executed(source.stem, destination, sha256_of(source), time.monotonic() - started, error, cell)


def _run(source: Path, destination: Path, parameters: Mapping[str, Any]) -> None:
    """Has papermill execute one notebook; marks its outputs also where it fails."""
    import papermill

    try:
        with _private_connection() as config:
            papermill.execute_notebook(
                str(source),
                str(destination),
                parameters=dict(parameters),
                kernel_name="python3",
                progress_bar=False,
                request_save_on_cell_execute=False,
                # papermill's own ``cwd`` changes the directory of the whole process, which threads share.
                resources={"metadata": {"path": str(destination.parent)}},
                shutdown_kernel="immediate",
                extra_arguments=["--InteractiveShell.colors=nocolor"],  # escape sequences would be shown as text
                config=config,
                kernel_manager_class=_manager(),
            )
    finally:
        if destination.exists():
            _settle(source, destination)


def _manager() -> Any:
    """A manager of kernels that do not inherit this process's matplotlib backend: an editor's is not there for them."""
    from jupyter_client.manager import AsyncKernelManager

    class Manager(AsyncKernelManager):
        async def start_kernel(self, **how: Any) -> None:  # type: ignore[override]
            env = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
            await self._async_start_kernel(env=env, **how)

    return Manager


def _settle(source: Path, executed: Path) -> None:
    """Makes outside text visible in all that an executed notebook shows, and takes out what differs between runs.

    That is: run times (a pack's manifest has them), ids that papermill made up, its own paths, versions.
    """
    import nbformat

    node = nbformat.read(executed, as_version=4)
    given = {cell.get("id") for cell in nbformat.read(source, as_version=4).cells}
    for number, cell in enumerate(node.cells):
        if cell.cell_type == "code":
            cell.outputs = [nbformat.from_dict(_marked(output)) for output in cell.outputs]
            for output in cell.outputs:
                if output.get("name") == "stderr":
                    output.text = _CELL_FILE.sub("", output.text)
        if "id" in cell and cell.id not in given:
            cell.id = f"papermill-{number}"
        cell.metadata.pop("execution", None)
        _keep(cell.metadata.get("papermill", {}), "exception", "status")
    _keep(node.metadata.get("papermill", {}), "parameters", "exception")
    _keep(node.metadata.get("language_info", {}), "name")
    write_whole(executed, nbformat.writes(node))


def _keep(metadata: dict[str, Any], *names: str) -> None:
    for name in metadata.keys() - set(names):
        del metadata[name]


def _marked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _marked(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_marked(part) for part in value]
    return marked(value) if isinstance(value, str) else value


@contextmanager
def _private_connection() -> Iterator[Any]:
    """Settings of a kernel that no other user of the machine can listen to: sockets in a folder of its own.

    Where there can be none (as on Windows), TCP is encrypted by CurveZMQ.
    """
    from traitlets.config import Config

    folder = _folder_for_sockets()
    if folder is None:
        yield Config(KernelManager={"transport_encryption": "auto"})
        return
    with folder as name:
        place = {"transport": "ipc", "ip": f"{name}/kernel", "connection_file": f"{name}/kernel.json"}
        yield Config(KernelManager=place)


def _folder_for_sockets() -> TemporaryDirectory[str] | None:
    """A new folder that this user alone can enter, and that takes Unix sockets; None where there is no such place."""
    for parent in (gettempdir(), "/tmp", "/dev/shm"):
        with suppress(OSError):
            folder = TemporaryDirectory(prefix="ses-", dir=parent, ignore_cleanup_errors=True)
            if _takes_sockets(folder.name):
                return folder
            folder.cleanup()
    return None


def _takes_sockets(folder: str) -> bool:
    """Whether a socket can be made there: the name may be too long, and not every file system has them."""
    try:
        with socket.socket(socket.AF_UNIX) as tried:
            tried.bind(f"{folder}/kernel-0")  # as long as those of a kernel
    except (OSError, AttributeError):  # Python has none on Windows
        return False
    return True
