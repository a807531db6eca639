"""Frames as attributes: each built-in one is declared in one line, and a wrong name is told with the right one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sesreport.core.errors import NoFrameError, suggestion

if TYPE_CHECKING:
    import pandas as pd


class FrameAttribute:
    """A built-in frame of the class it stands in, under its own name."""

    def __set_name__(self, owner: type[Framed], name: str) -> None:
        self._name = name

    def __get__(self, framed: Framed, owner: type[Framed]) -> pd.DataFrame:
        try:
            return framed.frame(self._name)
        except NoFrameError:
            raise
        except AttributeError as error:  # Python would take it for a missing attribute, and hide it
            raise RuntimeError(f"frame {self._name!r} cannot be made: {error}") from error


class Framed:
    """What has frames: as attributes the built-in ones, and by :meth:`frame` also those that somebody has added."""

    def frame(self, name: str) -> pd.DataFrame:
        """A frame by name. Raises NoFrameError, with a suggestion, where there is none of that name."""
        raise NotImplementedError

    def frame_names(self) -> Iterable[str]:
        """Names of all frames there are."""
        raise NotImplementedError

    def no_frame(self, name: str) -> NoFrameError:
        """The error for a name that no frame has."""
        what = type(self).__name__
        return NoFrameError(f"{what} has no frame {name!r}{suggestion(name, sorted(self.frame_names()))}")

    if not TYPE_CHECKING:  # for whom an attribute that is not declared is an error

        def __getattr__(self, name: str) -> pd.DataFrame:
            if name.startswith("_"):
                raise AttributeError(name)
            if name in self.frame_names():
                raise AttributeError(f"{name!r} is no built-in frame: ask for .frame({name!r})")
            raise self.no_frame(name)
