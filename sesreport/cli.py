"""The command line: options, one public call, output. The only place that catches errors.

Exit codes: 0 done; 1 findings at or above ``--fail-on``; 2 usage or configuration; 3 finished but incomplete (anything
not read, with ``--strict``; a snapshot or pack for which no place was read, always); 4 failed (a notebook, a write); 5
made but not delivered; 130 interrupted. Where several apply, the first of 4, 5, 3, 1.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sesreport import __version__
from sesreport.errors import SesReportError
from sesreport.logs import start_log
from sesreport.options import SEVERITIES, aws_options, collect_options, common, demo_options, report_options
from sesreport.progress import progress_told
from sesreport.redaction import redacted
from sesreport.text import marked, one_line, visible

if TYPE_CHECKING:
    from sesreport.config import Config
    from sesreport.pack.build import Made
    from sesreport.period import Period
    from sesreport.store import Snapshot

WRONG, INCOMPLETE, FAILED, UNDELIVERED, INTERRUPTED = 2, 3, 4, 5, 130
STOPPED = "interrupted; nothing half-written was left behind, and --resume goes on with a collection"


def main() -> None:
    """Entry point: runs a command and turns what it raises into one line and an exit code."""
    _stop_once()
    with suppress(AttributeError):  # a name that the terminal's encoding lacks must not end a run
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = _say(STOPPED, INTERRUPTED)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except SesReportError as error:
        code = _say(str(error), error.exit_code)
    except KeyboardInterrupt:
        code = _say(STOPPED, INTERRUPTED)
    except OSError as error:
        interrupted = isinstance(error.__context__, KeyboardInterrupt)  # and could not say so: no terminal any more
        code = INTERRUPTED if interrupted else _say(f"{error.filename or 'write'}: {error.strerror or error}", FAILED)
    except Exception as error:  # noqa: BLE001 (Python's own exit code would be 1, which says that findings are open)
        code = _say(f"{type(error).__name__}: {error}: not expected; please report it with --debug's output", FAILED)
    try:
        sys.stdout.flush()
    except OSError:  # nobody listens any more; Python would try once more, and end with a code of its own
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code if isinstance(code, int) else 0)


def _stop_once() -> None:
    """Ends alike for Ctrl-C, a scheduler's stop and a terminal that is closed: the first of them interrupts.

    Those that follow would end what cleans up after the first, so they are ignored; a process forked from this one
    heeds each, since its parent may have to end it.
    """
    process, stopping = os.getpid(), False

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        if stopping and os.getpid() == process:
            return
        stopping = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    for name in ("SIGINT", "SIGHUP"):  # not on Windows: SIGHUP
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # as nohup and a shell's & ask
            signal.signal(number, stop)


def _say(message: str, code: int) -> int:
    """One line, whatever the message holds; the traceback before it with ``--debug``."""
    with suppress(OSError):  # a terminal that was closed takes nothing; the exit code still tells
        if "--debug" in sys.argv:
            click.echo(marked(redacted(traceback.format_exc())), err=True, nl=False)
        click.echo(f"sesreport: {visible(redacted(message))}", err=True)
    return code


def _line(text: object, *, err: bool = False) -> None:
    """Prints one line, whatever the text holds."""
    click.echo(one_line(redacted(str(text))), err=err)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sesreport")
def cli() -> None:
    """Who can send e-mail as us, who does, what it costs, and is it getting better."""


@cli.command()
@common
@aws_options
@collect_options
@report_options
@demo_options
@click.option("--collect-again", is_flag=True, help="Collect even when a snapshot stands for the period, in its place.")
@click.option("--no-deliver", is_flag=True, help="Deliver nothing, whatever [delivery] says.")
def run(
    config: Path | None, quiet: bool, debug: bool, profile: str | None, single_account: bool, period: str,
    fail_on: str | None, strict: bool, parameters: tuple[str, ...], output: Path | None, demo: bool,
    today: datetime | None, collect_again: bool, no_deliver: bool, executor: str | None, **how: Any,
) -> int:  # fmt: skip
    """Collect the period's snapshot unless there is one, make its pack, and deliver it where that is configured."""
    _logging(debug)
    from sesreport.closing import evidence_of
    from sesreport.collection.executors import executor_at
    from sesreport.files import check_writable
    from sesreport.notebooks import check_all, notebooks
    from sesreport.period import Period

    day = _day(demo, today)
    settings = _checked(config, demo, output, day)
    chosen = Period.parse(period, today=day)
    given = _parameters(parameters)
    check_all(notebooks(), given)
    check_writable(Path(settings.paths.output))
    deliver_it = bool(settings.delivery) and not (no_deliver or demo)
    if deliver_it and not _can_deliver(settings, profile):
        return WRONG
    _tell_cut_off(settings, how["resume"], day)
    with _demo(demo, day), executor_at(executor) as pool, progress_told(quiet) as progress:
        evidence = evidence_of(
            settings, chosen, clock=_clock(demo, day), profile=profile, single_account=single_account,
            anew=collect_again, progress=progress, executor=pool, **how,
        )  # fmt: skip
    if not evidence.collected:
        _line(
            f"snapshot {evidence.snapshot.id} stands for {chosen}: nothing was collected (--collect-again does)",
            err=True,
        )
    if demo:
        from sesreport.demo.snapshot import demo_history

        with progress_told(quiet) as progress:
            demo_history(settings, chosen, progress)
    made = _make(settings, chosen, evidence.snapshot, given)
    delivered = not deliver_it or bool(made.failed) or _deliver(settings, chosen, profile, again=False)
    return _exit_code(made, evidence.snapshot, fail_on, strict, delivered=delivered)


@cli.command()
@common
@aws_options
@collect_options
@demo_options
@click.option("--strict", is_flag=True, help="Exit 3 when anything could not be read.")
def collect(
    config: Path | None, quiet: bool, debug: bool, profile: str | None, single_account: bool, demo: bool,
    today: datetime | None, strict: bool, **how: Any,
) -> int:  # fmt: skip
    """Read every account and Region into a new snapshot. Exit 3 when no place could be read."""
    _logging(debug)
    from sesreport.analysis.basis import POLICY_DATASETS, place_basis
    from sesreport.store import load

    day = _day(demo, today)
    settings = _checked(config, demo, None, day)
    with _demo(demo, day):
        path = _collect(settings, demo, day, quiet, profile=profile, single_account=single_account, **how)
    click.echo(one_line(path))
    snapshot = load(path)
    nothing = not place_basis(snapshot.coverage, POLICY_DATASETS).read
    return INCOMPLETE if nothing or (strict and _gaps(snapshot)) else 0


@cli.command()
@common
@report_options
@click.option("--snapshot", type=click.Path(path_type=Path), help="Snapshot to use; default is the period's own.")
@click.option("--other-month", is_flag=True, help="Take the --snapshot even if it says nothing of the period.")
@click.option("--demo", is_flag=True, help="Use the demonstration organization's settings and register.")
def report(
    config: Path | None, quiet: bool, debug: bool, period: str, fail_on: str | None, strict: bool,
    parameters: tuple[str, ...], output: Path | None, snapshot: Path | None, other_month: bool, demo: bool,
) -> int:  # fmt: skip
    """Make a period's pack from a snapshot that is there; calls no AWS."""
    _logging(debug)
    from sesreport.period import Period
    from sesreport.storage import snapshots_folder
    from sesreport.store import in_hand, load, snapshot_of

    settings = _checked(config, demo, output, _now().date())
    chosen = Period.parse(period, today=_now().date())
    folder = snapshots_folder(settings)
    evidence = load(snapshot or snapshot_of(folder, chosen, of=in_hand(folder, settings.organization.id)))
    made = _make(settings, chosen, evidence, _parameters(parameters), other_month=other_month)
    return _exit_code(made, evidence, fail_on, strict)


@cli.command()
@common
@click.option("--period", default="last-month", show_default=True, help="YYYY-MM or last-month.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for packs [out].")
@click.option("--profile", help="AWS profile of destinations that name none.")
@click.option("--again", is_flag=True, help="Send the e-mail also to those who were sent this pack before.")
def deliver(
    config: Path | None, quiet: bool, debug: bool, period: str, output: Path | None, profile: str | None, again: bool
) -> int:
    """Deliver a pack that is made, to every destination of [delivery]. Exit 5 when one could not be."""
    _logging(debug)
    from sesreport.period import Period

    settings = _settings(config, False, output)
    chosen = Period.parse(period, today=_now().date())
    return 0 if _deliver(settings, chosen, profile, again=again) else UNDELIVERED


@cli.command()
@common
@click.argument("identity", required=False)
@click.option(
    "--snapshot", type=click.Path(path_type=Path),
    help="Snapshot to use; default is the newest. With --policy: whose organization counts.",
)  # fmt: skip
@click.option(
    "--policy", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Explain this policy alone."
)
@click.option("--identity", "arn", help="ARN of the identity the --policy is for.")
@click.option(
    "--fail-on", type=click.Choice(SEVERITIES), help="Exit 1 when a finding of this severity or worse is open."
)
@click.option("--demo", is_flag=True, help="Use the demonstration organization's settings and register.")
def explain(
    config: Path | None, quiet: bool, debug: bool, identity: str | None, snapshot: Path | None, policy: Path | None,
    arn: str | None, fail_on: str | None, demo: bool,
) -> int:  # fmt: skip
    """Say who can send as IDENTITY (a name or an ARN), why, and with which request as proof."""
    _logging(debug)
    from sesreport import explanations

    settings = _settings(config, demo, None)
    if policy is not None:
        if not arn or identity:
            raise click.UsageError("--policy needs --identity ARN, and no IDENTITY beside it")
        explained = [explanations.of_policy(policy, arn, settings, today=_now().date(), snapshot=snapshot)]
    elif identity:
        explained = explanations.of_identity(identity, settings, snapshot=snapshot)
    else:
        raise click.UsageError("name an identity, or give --policy FILE --identity ARN")
    click.echo("\n\n".join(map(str, explained)))
    return int(fail_on is not None and any(one.fails(fail_on) for one in explained))


@cli.command()
@common
@click.option("--from", "older", required=True, metavar="DAY", help="YYYY-MM-DD, or YYYY-MM: the month as in its pack.")
@click.option("--to", "newer", required=True, metavar="DAY", help="The later day.")
def changes(config: Path | None, quiet: bool, debug: bool, older: str, newer: str) -> int:
    """Say who gained and who lost the right to send between two days, by the snapshots of the time."""
    _logging(debug)
    from sesreport.history.store import History
    from sesreport.storage import snapshots_folder

    settings = _settings(config, False, None)
    click.echo(repr(History(snapshots_folder(settings), settings).compare(older, newer)))
    return 0


@cli.command()
@common
@click.option("--caller", is_flag=True, help="The caller's whole policy, its own account included.")
@click.option("--delivery", is_flag=True, help="The policy of whoever delivers to [delivery]; it writes and sends.")
def permissions(config: Path | None, quiet: bool, debug: bool, caller: bool, delivery: bool) -> int:
    """Print the least-privilege IAM policy as JSON."""
    _logging(debug)
    from sesreport.permissions import caller_policy, member_policy

    if caller and delivery:
        raise click.UsageError("--caller and --delivery are policies of different roles: ask for one at a time")
    settings = _settings(config, False, None)
    if delivery:
        from sesreport.delivery.registry import delivery_policy

        policy = delivery_policy(settings)
    else:
        policy = caller_policy(settings) if caller else member_policy()
    click.echo(json.dumps(policy, indent=2))
    return 0


@cli.command()
@common
@aws_options
@demo_options
def doctor(
    config: Path | None, quiet: bool, debug: bool, profile: str | None, single_account: bool, demo: bool,
    today: datetime | None,
) -> int:  # fmt: skip
    """Check settings, credentials, and every account and Region; say what is missing. Exit 3 when something is."""
    _logging(debug)
    from sesreport import doctor as module

    day = _day(demo, today)
    settings = _load(config, demo, None)
    with _demo(demo, day):
        checks = module.doctor(settings, clock=_clock(demo, day), profile=profile, single_account=single_account)
    for check in checks:
        _line(f"{'ok     ' if check.ok else 'MISSING'}  {check.what}: {check.said}")
    codes = {check.exit_code for check in checks if not check.ok}
    return next((code for code in (FAILED, WRONG, INCOMPLETE) if code in codes), 0)


@cli.command()
@click.option("--serve", is_flag=True, help="Keep the endpoint up to explore it; Ctrl-C ends it.")
@click.option("--port", default=5000, show_default=True, help="Port of the endpoint.")
@click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), help="The demonstration's day; default is the one it was written for."
)
@click.pass_context
def demo(context: click.Context, serve: bool, port: int, today: datetime | None) -> int:
    """Make the demonstration organization's pack, or serve its AWS endpoint (--serve)."""
    if not serve:
        return int(context.invoke(run, demo=True, today=today, period="last-month", parameters=()))
    from sesreport.demo import serve as endpoint

    with endpoint(today=_day(True, today), port=port) as server:
        for name, value in server.environment().items():
            click.echo(f"export {name}={value}")
        click.echo(f"\nThe demonstration organization answers at {server.url}. Ctrl-C ends it.", err=True)
        server.wait()
    return 0


def _make(
    settings: Config, period: Period, snapshot: Snapshot, parameters: dict[str, Any], *, other_month: bool = False
) -> Made:
    from sesreport.pack.build import report as build

    made = build(settings, period, snapshot=snapshot, parameters=parameters, other_month=other_month)
    _tell(made)
    return made


def _exit_code(made: Made, snapshot: Snapshot, fail_on: str | None, strict: bool, *, delivered: bool = True) -> int:
    if made.failed:
        return FAILED
    if not delivered:
        return UNDELIVERED
    results = made.pack.results
    counts = results.findings.by_severity
    if not results.coverage.places.read or (strict and _gaps(snapshot)):
        return INCOMPLETE
    if fail_on and any(counts[name] for name in SEVERITIES[: SEVERITIES.index(fail_on) + 1]):
        return 1
    return 0


def _can_deliver(settings: Config, profile: str | None) -> bool:
    from sesreport.delivery import check

    failed = [outcome for outcome in check(settings, profile=profile) if outcome.failed]
    for outcome in failed:
        _line(f"sesreport: cannot deliver to {outcome.destination}: {outcome.said}", err=True)
    if failed:
        _line("sesreport: nothing was collected; --no-deliver makes the pack without delivering it", err=True)
    return not failed


def _deliver(settings: Config, period: Period, profile: str | None, *, again: bool) -> bool:
    """Whether every destination has the pack; a line for each."""
    from sesreport.delivery import deliver as hand_over

    outcomes = hand_over(settings, period, now=_now(), profile=profile, again=again)
    for outcome in outcomes:
        if outcome.failed:
            _line(f"sesreport: not delivered to {outcome.destination}: {outcome.said}", err=True)
        else:
            _line(f"Delivered to {outcome.destination}: {outcome.said}")
    return not any(outcome.failed for outcome in outcomes)


def _tell(made: Made) -> None:
    from sesreport import words

    results = made.pack.results
    _line(f"{results.headline}. {results.coverage.statement}")
    _line(results.limits)
    for kpi in results.kpis:
        _line(f"  {words.judgement(kpi):<18} {kpi.label}: {words.number(kpi.value, kpi.unit)}")
    _line(words.findings_told(results.findings, results.coverage))
    if not results.decisions:
        _line(f"Decisions asked: {words.no_decision(results.coverage)}")
    if made.left_out:
        _line(f"{len(made.left_out)} snapshots of other organizations are left out", err=True)
    for failed in made.failed:
        _line(f"sesreport: notebook {failed.name} failed: {failed.error}; see {made.path}/notebooks", err=True)
    _line(f"Pack: {made.path}")


def _gaps(snapshot: Snapshot) -> bool:
    """Whether anything was not read that should have been; a dataset that the settings leave out should not."""
    from sesreport.analysis.basis import is_gap
    from sesreport.collection.coverage import EVERYTHING, SKIPPED

    coverage = snapshot.coverage
    left_out = coverage["status"].eq(SKIPPED) & coverage["dataset"].ne(EVERYTHING)
    return bool((is_gap(coverage) & ~left_out).any())


def _settings(path: Path | None, demo: bool, output: Path | None) -> Config:
    """The settings, once all names in them are known."""
    from sesreport.doctor import check_names

    config = _load(path, demo, output)
    check_names(config)
    return config


def _checked(path: Path | None, demo: bool, output: Path | None, day: date) -> Config:
    """The settings, once everything they name has been looked at: what is wrong must not cost an hour."""
    from sesreport.doctor import check_settings, ended_exceptions

    config = _load(path, demo, output)
    check_settings(config)
    for told in ended_exceptions(config, day):
        _line(f"sesreport: {told}", err=True)
    return config


def _load(path: Path | None, demo: bool, output: Path | None) -> Config:
    from sesreport.config import load_config

    if demo and path is None:
        from sesreport.demo.snapshot import demo_config

        config = demo_config()
    else:
        config = load_config(path)
        if demo and path is not None:
            from sesreport.demo.snapshot import kept_apart

            config = kept_apart(config, path.parent)
    if output:
        config = config.model_copy(update={"paths": config.paths.model_copy(update={"output": str(output)})})
    return config


def _parameters(given: tuple[str, ...]) -> dict[str, Any]:
    """``NAME=VALUE`` pairs; a value that is JSON is taken as such, so lists and numbers keep their type."""
    out: dict[str, Any] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint="--parameter")
        try:
            out[name] = json.loads(value)
        except ValueError:
            out[name] = value
    return out


def _collect(settings: Config, demo: bool, day: date, quiet: bool, *, executor: str | None = None, **how: Any) -> Path:
    from sesreport.collection.executors import executor_at
    from sesreport.collection.run import collect as read

    _tell_cut_off(settings, how["resume"], day)
    with executor_at(executor) as pool, progress_told(quiet) as progress:
        return read(settings, clock=_clock(demo, day), progress=progress, executor=pool, **how)


def _tell_cut_off(settings: Config, resume: bool, day: date) -> None:
    """Answers of a collection that was cut off are not used unless asked for, and not thrown away."""
    from sesreport.collection.journal import cut_off
    from sesreport.storage import snapshots_folder

    for found in cut_off(snapshots_folder(settings)):
        if not found.understood:
            why = f"it cannot be understood ({found.fault}), and nothing goes on with it"
            _line(f"{found}; {why}; remove the folder", err=True)
        elif not found.is_of(day):
            _line(f"{found}, in another month: nothing goes on with it; remove the folder", err=True)
        elif not resume:
            _line(f"{found}; go on with --resume, or remove the folder", err=True)


def _demo(demo: bool, day: date) -> Any:
    if not demo:
        return nullcontext()
    from sesreport.demo.snapshot import demo_environment

    return demo_environment(day)


def _day(demo: bool, today: datetime | None) -> date:
    if today and not demo:
        raise click.BadParameter("goes with --demo: real organizations are read as they are", param_hint="--today")
    if not demo:
        return _now().date()
    from sesreport.demo import reference_day

    return today.date() if today else reference_day()


def _clock(demo: bool, day: date) -> Callable[[], datetime]:
    if not demo:
        return _now
    from sesreport.demo.snapshot import demo_clock

    return partial(demo_clock, day)


def _now() -> datetime:
    return datetime.now(UTC)


def _logging(debug: bool) -> None:
    """Starts the log. Notebook kernels are told to be quiet about frozen modules."""
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    start_log(debug=debug)


if __name__ == "__main__":
    main()
