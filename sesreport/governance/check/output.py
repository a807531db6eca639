"""What every output of the gate is given, and how one is registered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sesreport.core.errors import ConfigError
from sesreport.core.registry import Registry
from sesreport.core.vocabulary import SEVERITIES
from sesreport.governance.check.judge import Checked, CheckFinding, Verdict
from sesreport.governance.check.planned import Where, relative


@dataclass(frozen=True)
class Told:
    """All that is to be printed."""

    checked: Sequence[Checked]
    errors: Sequence[ConfigError]
    """Files that could not be read."""
    fail_on: str
    width: int = 0
    """Columns of the terminal that text is wrapped to; 0 where it is none, such as a log."""

    @property
    def fails(self) -> bool:
        """Whether a finding at or above the severity is there."""
        return any(each.fails(self.fail_on) for each in self.checked)

    @property
    def exit_code(self) -> int:
        """2 where a file could not be read, else 1 where a finding is severe enough, else 0."""
        return 2 if self.errors else int(self.fails)

    @property
    def findings(self) -> list[tuple[Checked, Verdict, CheckFinding]]:
        """Worst first, of all files."""
        every = [(file, verdict, finding) for file in self.checked for verdict, finding in file.findings]
        return sorted(every, key=lambda each: SEVERITIES.index(each[2].severity))


Write = Callable[[Told], str]
OUTPUTS: Registry[Write] = Registry("check output")


def check_output(write: Write) -> Write:
    """Registers a function that writes verdicts as text, under its own name."""
    name = getattr(write, "__name__")  # noqa: B009 (a Callable has no __name__ for the type checker)
    OUTPUTS.add(name, write, write.__module__)
    return write


def place_of(file: Checked, verdict: Verdict) -> Where:
    """The source of a verdict, else the file that was checked; paths are relative where they can be."""
    where = verdict.planned.where or Where(str(file.planned.path))
    return Where(relative(Path(where.path)), where.line)
