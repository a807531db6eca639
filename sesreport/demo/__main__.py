"""``python -m sesreport.demo --port 5000 --today 2026-11-03``: the endpoint in the foreground."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from sesreport.core.errors import ConfigError, SesReportError
from sesreport.demo.endpoint import data_path, environment, reference_day


def main() -> int:
    """Serves until interrupted. Prints the address on a line of its own, then how to use it."""
    parser = argparse.ArgumentParser(prog="python -m sesreport.demo", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--today", type=date.fromisoformat, help="default: the day the data is written for")
    parser.add_argument("--data", type=Path, default=data_path(), help="a folder like data/demo")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input closes")
    options = parser.parse_args()
    try:
        return _run(options)
    except SesReportError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    except OSError as error:
        where = f"{options.host}:{options.port}"
        print(f"cannot listen on {where} ({error.strerror})", file=sys.stderr)  # noqa: T201
        return 4
    except KeyboardInterrupt:
        return 0


def _run(options: argparse.Namespace) -> int:
    try:
        from sesreport.demo.server import exit_with_parent, listen
    except ImportError as error:
        raise ConfigError(f"the demonstration needs its extra ({error}): pip install 'sesreport[demo]'") from error
    server = listen(options.host, options.port, options.data, options.today or reference_day(options.data))
    url = f"http://{options.host}:{server.port}"
    print(url, flush=True)  # noqa: T201
    if options.with_parent:
        exit_with_parent()
    else:
        from sesreport.demo.organization import load_organization

        for name, value in environment(url, load_organization(options.data)).items():
            print(f"export {name}={value}", flush=True)  # noqa: T201
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
