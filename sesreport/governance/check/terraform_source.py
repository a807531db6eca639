"""Where in the .tf files a resource of a plan is written: plans carry no lines."""

from __future__ import annotations

import re
from pathlib import Path

from sesreport.core.files import LARGEST
from sesreport.governance.check.planned import Where

_Blocks = dict[tuple[str, ...], list[tuple[Where, str]]]
_BLOCK = re.compile(r'^[ \t]*(resource|data)[ \t]+"([^"\n]+)"[ \t]+"([^"\n]+)"', re.MULTILINE)
_END = re.compile(r"^\}", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|(?:#|//)[^\n]*", re.DOTALL)
_PLAIN = r"(?:var\.[\w-]+|data\.aws_iam_policy_document\.[\w-]+(?:\[[\w.\"-]+\])?\.(?:minified_)?json)"


class TerraformSource:
    """The .tf files around one plan, each folder read once; another plan is held against the files of its own time."""

    def __init__(self) -> None:
        self._folders: dict[Path, _Blocks] = {}

    def block_of(self, address: str, folder: Path) -> Where | None:
        """The block of a resource, whose address has no indexes, in the .tf files of its module's folder."""
        found = self._blocks(folder).get(_key(address), ())
        return found[0][0] if found else None

    def handed_on(self, address: str, folder: Path, argument: str) -> bool:
        """Whether every block of a resource gives an argument a policy document or a variable as it is.

        A resource has several blocks where an override file changes it. An index is a name, ``each.key`` or a number.
        """
        texts = [_COMMENT.sub("", text) for _, text in self._blocks(folder).get(_key(address), ())]
        values = [re.findall(rf"\b{argument}\s*=([^\n]*)", text) for text in texts]
        given = [value.strip() for found in values for value in found]
        return bool(given) and all(re.fullmatch(_PLAIN, value) for value in given)

    def _blocks(self, folder: Path) -> _Blocks:
        if folder not in self._folders:
            self._folders[folder] = _blocks(folder)
        return self._folders[folder]


def _key(address: str) -> tuple[str, str, str]:
    parts = address.split(".")
    kind = "data" if len(parts) > 2 and parts[-3] == "data" else "resource"
    return kind, parts[-2] if len(parts) > 1 else "", parts[-1]


def _blocks(folder: Path) -> _Blocks:
    """Every block of a folder with its text; files that cannot be read hold none."""
    out: _Blocks = {}
    try:
        files = sorted(folder.glob("*.tf"))
    except OSError:
        return out
    for file in files:
        try:
            if not file.is_file() or file.stat().st_size > LARGEST:
                continue
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for found in _BLOCK.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            end = _END.search(text, found.end())
            block = text[found.start() : end.end() if end else len(text)]
            out.setdefault((found[1], found[2], found[3]), []).append((Where(file.as_posix(), line), block))
    return out
