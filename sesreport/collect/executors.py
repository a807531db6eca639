"""Where lanes may run besides threads, by URL: one function a scheme."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from multiprocessing import get_context
from urllib.parse import SplitResult, urlsplit

from sesreport.core.errors import ConfigError, suggestion
from sesreport.core.logs import start_log

Open = Callable[[SplitResult], AbstractContextManager[Executor]]
_SCHEMES: dict[str, Open] = {}


def scheme(name: str) -> Callable[[Open], Open]:
    """Registers the function that opens an executor from a URL of that scheme."""

    def register(opens: Open) -> Open:
        _SCHEMES[name] = opens
        return opens

    return register


def executor_at(url: str | None) -> AbstractContextManager[Executor | None]:
    """The executor a URL names, open; None (threads of this process) without one.

    Raises ConfigError for an unknown scheme, a cluster that cannot be reached, or a missing package.
    """
    if url is None:
        return nullcontext()
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        known = ", ".join(f"{name}://…" for name in _SCHEMES)
        raise ConfigError(f"executor {url!r}: no such scheme{suggestion(parts.scheme, list(_SCHEMES))} ({known})")
    return _SCHEMES[parts.scheme](parts)


@scheme("processes")
@contextmanager
def _processes(parts: SplitResult) -> Iterator[Executor]:
    """``processes://4``: so many processes of this machine."""
    try:
        count = int(parts.netloc)
    except ValueError:
        raise ConfigError(f"executor {parts.geturl()!r}: say how many, as in processes://4") from None
    log = partial(start_log, debug=logging.getLogger("sesreport").isEnabledFor(logging.DEBUG))
    with ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=log) as pool:
        yield pool


@scheme("dask")
@contextmanager
def _dask(parts: SplitResult) -> Iterator[Executor]:
    """``dask://host:8786``: a Dask cluster whose workers have sesreport and reach AWS with their own credentials.

    A task whose worker dies is run again on another.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigError(f"executor {parts.geturl()!r} needs the extra: pip install 'sesreport[dask]'") from error
    try:
        client = Client(f"tcp://{parts.netloc}", timeout=10, set_as_default=False)
    except OSError as error:
        raise ConfigError(f"executor {parts.geturl()!r}: no scheduler answers there ({error})") from error
    with client, client.get_executor(pure=False, retries=3) as pool:
        yield pool
