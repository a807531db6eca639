"""The summary as a MIME message: one HTML part, the same in plain text, and documents where they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from sesreport.core.errors import DeliveryError
from sesreport.core.text import marked, visible
from sesreport.kpis import words
from sesreport.kpis.results import ON_TARGET, WATCH, Kpi, Results
from sesreport.report.delivery.parcel import Parcel

LARGEST = 40_000_000
"""Bytes of a whole message, after base64, that SES's v2 API takes: 40 MB (SES Developer Guide, "Service quotas")."""
_ENCODED = 78 / 57
"""Bytes of base64 for each byte, in lines of 76 characters and their ends."""
TYPES = {
    "xlsx": "vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "vnd.openxmlformats-officedocument.presentationml.presentation",
}


def message(
    parcel: Parcel, *, sender: str, from_name: str, to: Sequence[str], link: str = "", attach: Sequence[str] = ()
) -> EmailMessage:
    """The message, ready to send. Raises DeliveryError when SES would refuse it for its size."""
    names = [f"ses-governance-{parcel.period}.{ending}" for ending in attach]
    _check_size(parcel, names)
    results = parcel.results
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(from_name, addr_spec=sender)
    mail["To"] = [Address(addr_spec=address) for address in to]
    mail["Subject"] = visible(f"{results.organization_name}, {results.period_name}: {results.headline}")
    mail["Auto-Submitted"] = "auto-generated"  # no out-of-office notes back (RFC 3834)
    said = _said(parcel, link, names)
    mail.set_content(text(said), cte="quoted-printable")
    mail.add_alternative(html(said), subtype="html", cte="quoted-printable")
    for ending, name in zip(attach, names, strict=True):
        content = (parcel.folder / name).read_bytes()
        if ending in TYPES:
            mail.add_attachment(content, maintype="application", subtype=TYPES[ending], filename=name)
        else:
            mail.add_attachment(content, maintype="text", subtype="html", filename=name)
    if (size := len(mail.as_bytes())) > LARGEST:
        raise _too_large(size)
    return mail


def shown(results: Results) -> list[Kpi]:
    """The board's own numbers, and every other that has a target and is not known to meet it."""
    return [kpi for kpi in results.kpis if kpi.headline or (kpi.target is not None and kpi.status != ON_TARGET)]


def html(said: dict[str, Any]) -> str:
    """The HTML part, everything escaped."""
    from sesreport.report.html.page import environment

    return marked(environment("templates/email").get_template("summary.html.j2").render(said)).strip() + "\n"


def text(said: dict[str, Any]) -> str:
    """The plain text part: the same words, outside text on one line so that it cannot pass for a line of ours."""
    results: Results = said["results"]
    parts = [
        visible(results.title),
        visible(f"{results.organization_name}, {results.period_name}: {results.headline}"),
        "",
    ]
    for heading, lines in said["blocks"]:
        parts += [heading, *(f"- {visible(line)}" for line in lines), ""]
    parts.append("Asked of you")
    asked = [f"- {visible(words.ask(each))}." for each in results.decisions]
    parts += asked or [words.no_decision(results.coverage)]
    if results.more_asks:
        parts.append(f"{words.more_asks(results.more_asks)}: sheet Actions of the workbook.")
    parts.append(f"{visible(words.last_asks(results.last_asks))}.")
    for heading, lines in said["answers"]:
        parts += ["", heading, *(f"- {visible(line)}" for line in lines)]
    parts += ["", visible(results.limits)]
    parts += ["", "Scorecard"]
    for kpi in said["kpis"]:
        since = " since the month before" if kpi.change is not None else ""
        parts.append(f"- {visible(kpi.label)}: {words.value_of(kpi)}, {words.judgement(kpi)}")
        parts.append(f"  ({words.aim(kpi)}; {words.change(kpi)}{since})")
    if said["more"]:
        parts.append(f"- {said['more']}")
    parts += ["", *(f"The pack: {visible(place)}" for place in said["places"])]
    parts += [f"Attached: {', '.join(said['attached'])}"] if said["attached"] else []
    parts += ["", f"{visible(results.classification)}. {said['evidence']}"]
    parts += [f"Questions: {visible(results.contact)}"] if results.contact else []
    return marked("\n".join(parts)) + "\n"


def _said(parcel: Parcel, link: str, names: Sequence[str]) -> dict[str, Any]:
    """What both parts say."""
    results = parcel.results
    kpis = shown(results)
    others = len(results.kpis) - len(kpis)
    link = link.replace("{period}", parcel.period)
    page = results.page_one
    happened = [f"{words.SHAPES[each.status]} {each.text}" for each in page.happened]
    news = [*happened, *filter(None, [words.more(page.more)])] or list(results.verdict)
    blocks = [("What happened", news), ("What it costs", [page.cost] if page.cost else [])]
    answers = [("Are we safer?", page.safer), ("How sure we are", [results.coverage.statement])]
    return {
        "blocks": [(heading, lines) for heading, lines in blocks if lines],
        "answers": [(heading, lines) for heading, lines in answers if lines],
        "results": results,
        "kpis": kpis,
        "ink": _ink,
        "more": f"The pack has {others} more, on target or without one" if others else "",
        "link": link,
        "places": [*([link] if link else []), *parcel.places],
        "attached": list(names),
        "evidence": f"Read from AWS on {results.snapshot.finished_at[:10]}, snapshot {results.snapshot.sha256[:12]}.",
    }


def _ink(kpi: Kpi) -> str:
    """The color of a judgement as text on white; the amber of charts is too pale for it (WCAG 2.2, 1.4.3)."""
    color = words.judgement_color(kpi)
    return "#7A5200" if color == words.COLORS[WATCH] else color


def _check_size(parcel: Parcel, names: Sequence[str]) -> None:
    """Before anything is read into memory."""
    for name in names:
        if name not in parcel.files:
            raise DeliveryError(f"the pack has no {name} to attach")
    size = int(sum((parcel.folder / name).stat().st_size for name in names) * _ENCODED)
    if size > LARGEST:
        raise _too_large(size)


def _too_large(size: int) -> DeliveryError:
    return DeliveryError(
        f"the message would be {size / 1e6:.1f} MB once encoded, and SES takes {LARGEST / 1e6:.0f} MB: attach fewer "
        "documents (delivery.email.attach) and name a link"
    )
