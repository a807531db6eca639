"""The two functions of the watch as a folder that can be deployed: their code, whom they know, and the templates.

The same register, snapshot and version make the same bytes.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from sesreport.analysis import analyze
from sesreport.analysis.judged_identities import trusted_accounts
from sesreport.core.errors import ConfigError
from sesreport.core.files import whole_folder
from sesreport.core.resources import PACKAGE, shipped
from sesreport.core.version import __version__
from sesreport.findings.fixes import members_of
from sesreport.governance.monitor.packed import PACKED, Packed
from sesreport.policy import Organization
from sesreport.settings.approvals import read_entries
from sesreport.settings.config import Config
from sesreport.snapshot.storage import snapshots_folder
from sesreport.snapshot.store import Snapshot, in_hand, load, snapshots

HANDLERS = ("sesreport.governance.monitor.watch", "sesreport.governance.monitor.config_rule")
TEMPLATES = ("policy-watch.yaml", "config-rule.yaml")
ZIP, HASHES, FORMAT = "sesreport-monitor.zip", "files.sha256.json", "sesreport-watch-folder/1"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_watch(config: Config, folder: Path, *, snapshot: Path | None = None, force: bool = False) -> Packed:
    """Writes the folder, or replaces one that this function made; returns whom the functions will know.

    The organization is that of the snapshot (by default the newest there is), else of the settings. A folder that holds
    anything else, or was changed since, is left as it is (``force`` replaces a changed one). Raises ConfigError, and
    WriteError.
    """
    packed = packed_settings(config, snapshot)
    _check_replaceable(folder, force=force)
    files = {**_function(packed), **_beside()}
    files[ZIP] = _zipped(_function(packed))
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    about = {"format": FORMAT, "sesreport": __version__, "files": hashes}
    files[HASHES] = (json.dumps(about, indent=1) + "\n").encode()
    with whole_folder(folder, replace=True) as temporary:
        for name, content in files.items():
            path = temporary / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return packed


def packed_settings(config: Config, snapshot: Path | None = None) -> Packed:
    """Who may send: the register's approvals, and the organization. Raises ConfigError."""
    path = Path(config.paths.register_file)
    approvals = None
    if path.exists() or path.is_symlink() or config.register_named:
        approvals = tuple(entry.plain for entry in read_entries(path, missing_ok=False))
    evidence = _evidence(config, snapshot)
    settings = config.organization
    if evidence is None:
        return Packed(Organization(settings.id or None, settings.accounts), approvals=approvals)
    analysis = analyze(evidence, config)
    ours = trusted_accounts(
        analysis.accounts, analysis.register, analysis.organization_id, settings, analysis.today
    ).organization
    return Packed(ours, members_of(analysis), approvals, evidence.id)


def _evidence(config: Config, path: Path | None) -> Snapshot | None:
    if path is not None:
        return load(path)
    folder = snapshots_folder(config)
    kept = snapshots(folder, of=in_hand(folder, config.organization.id))
    return load(kept[-1]) if kept else None


def _check_replaceable(folder: Path, *, force: bool) -> None:
    """Raises ConfigError for a folder with something in it that would be lost."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    try:
        about = json.loads((folder / HASHES).read_text(encoding="utf-8"))
        made = about["files"] if about["format"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        made = None
    if not isinstance(made, dict):
        raise ConfigError(f"{folder}: is there and was not made by this command; nothing was written; name another")
    there = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    changed = [name for name in there if name != HASHES and made.get(name) != _sha256(there[name])]
    if changed and not force:
        raise ConfigError(
            f"{folder / min(changed)}: was changed or added since the folder was made; nothing was written; "
            "name another folder, or --force to replace this one"
        )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _function(packed: Packed) -> dict[str, bytes]:
    """What Lambda gets: the code, and whom it knows."""
    code = {f"sesreport/{path.relative_to(PACKAGE).as_posix()}": path.read_bytes() for path in code_of(HANDLERS)}
    return {**code, PACKED: packed.text().encode()}


def _beside() -> dict[str, bytes]:
    found = {name: (shipped("templates/aws") / name).read_bytes() for name in TEMPLATES}
    return {**found, "README.md": shipped("templates/watch/README.md").read_bytes()}


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip file of the same bytes for the same files, whatever compresses and whenever."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, files[name])
    return out.getvalue()


def code_of(modules: tuple[str, ...]) -> list[Path]:
    """The files of modules of this package and of all that they import, wherever an import stands."""
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = _file_of(name)
        if name in found or path is None:
            continue
        found[name] = path
        waiting += [name.rpartition(".")[0], *_imports(ast.parse(path.read_bytes()))]
    return sorted(found.values())


def _file_of(module: str) -> Path | None:
    """The file of one of our modules; None for a name that is none."""
    package, *parts = module.split(".")
    path = PACKAGE.joinpath(*parts)
    candidates = (path / "__init__.py", path.with_suffix(".py") if parts else path / "__init__.py")
    return next((each for each in candidates if each.is_file()), None) if package == PACKAGE.name else None


def _imports(node: ast.AST) -> Iterator[str]:
    """Names that may be modules, but for those that only a type checker imports."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield str(child.module)
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        yield from _imports(child)
