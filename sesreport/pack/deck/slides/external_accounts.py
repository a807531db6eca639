"""Outside accounts: who they are and how many identities each can send from."""

from __future__ import annotations

from sesreport.pack.contents import Pack
from sesreport.pack.deck import titles
from sesreport.pack.deck.description import Chart, Content, Series, slide
from sesreport.pack.deck.evidence import frame, kpi, method, nothing
from sesreport.words import SEVERITY_COLORS

TOP = 9
ANYONE = "Anyone, but held by a condition"
"""A wildcard that lets in a foreign organization or network, not everybody."""


@slide(order=50)
def external_accounts(pack: Pack) -> Content:
    rows = frame(
        pack,
        "grants",
        (
            "grantee",
            "grantee_account_id",
            "grantee_name",
            "scope",
            "effect",
            "can_send",
            "account_id",
            "region",
            "identity",
        ),
    )
    rows = rows[rows["scope"].isin(["external", "vendor"]) & (rows["effect"].fillna("Allow") != "Deny")]
    rows = rows[rows["can_send"].fillna(value=True).astype("bool")]
    who = rows["grantee_account_id"].fillna(rows["grantee"])
    places = rows.assign(who=who).drop_duplicates(["who", "account_id", "region", "identity"])
    reach = places["who"].value_counts(sort=False).rename_axis("who").reset_index(name="identities")
    reach = reach.sort_values(["identities", "who"], ascending=[False, True]).head(TOP)
    names = rows.assign(who=who).dropna(subset=["grantee_name"]).drop_duplicates("who").set_index("who")["grantee_name"]
    unknown = set(who[rows["scope"] == "external"])
    labels = [
        f"{names[account]} ({account})" if account in names.index else ANYONE if account == "*" else str(account)
        for account in reach["who"]
    ]
    measured = kpi(pack, "unknown_accounts")
    told = "; ".join(
        f"{label} {count}{' (not registered)' if account in unknown else ''}"
        for label, account, count in zip(labels, reach["who"], reach["identities"], strict=True)
    )
    rest = f"; the {TOP} widest of {who.nunique()}" if who.nunique() > TOP else ""
    return Content(
        title=titles.unknown_accounts(measured) if measured else "Outside accounts that can send as us",
        subtitle=f"Identities each outside account can send from, count{rest}; not registered in red",
        body=(
            Chart(
                kind="bar",
                categories=tuple(labels),
                series=(Series("Identities", tuple(map(float, reach["identities"])), pack.branding.accent),),
                unit="count",
                alt=f"Identities per outside account: {told}.",
                point_colors=tuple(SEVERITY_COLORS["high"] if account in unknown else None for account in reach["who"]),
            ),
        )
        if len(reach)
        else nothing(pack, "grants", "grants to outside accounts"),
        source="grants, register",
        kpi=measured,
        notes=method(pack, (measured,), f"Distinct identities in data/grants.parquet: {told}."),
    )
