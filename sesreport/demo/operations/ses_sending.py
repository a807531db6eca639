"""SES: an account's standing, quota, statistics, dedicated IPs and deliverability figures in a Region."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sesreport.demo.calls import AwsError, Call, operation
from sesreport.demo.paging import page
from sesreport.demo.traffic import SLOTS, Sender, Volume

STATISTICS_DAYS = 14
_POOL = "shared-dedicated"


@operation("sesv2", "GetAccount")
def get_account(call: Call) -> dict[str, Any]:
    sender = call.world.sender(call.account_id, call.region)
    if sender is None:
        idle = call.world.idle_place(call.account_id, call.region)
        return _untouched(idle.plan_on(call.world.today) if idle else "NONE")
    standing, plan = sender.standing(call.world.today), sender.plan_on(call.world.today)
    account = call.world.accounts[call.account_id]
    details: dict[str, Any] = {
        "MailType": "MARKETING" if sender.profile.hours == "morning" else "TRANSACTIONAL",
        "WebsiteURL": "https://www.example.com",
        "ContactLanguage": "EN",
        "UseCaseDescription": f"Mail of {account.name}",
        "AdditionalContactEmailAddresses": ["postmaster@example.com"],
    }
    if standing.review:
        details["ReviewDetails"] = {"Status": standing.review["status"], "CaseId": standing.review["case_id"]}
    return {
        "DedicatedIpAutoWarmupEnabled": True,
        "EnforcementStatus": standing.status,
        "ProductionAccessEnabled": sender.production_access,
        "SendQuota": _quota(call, sender),
        "SendingEnabled": True,
        "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
        "Details": details,
        "VdmAttributes": _vdm(sender.vdm),
        "PricingAttributes": {"CurrentPlan": plan, "NextPlan": plan},
    }


def _untouched(plan: str) -> dict[str, Any]:
    """Where an account never sent: SES's sandbox of 200 messages a day (SES Developer Guide, quotas)."""
    return {
        "DedicatedIpAutoWarmupEnabled": True,
        "EnforcementStatus": "HEALTHY",
        "ProductionAccessEnabled": False,
        "SendQuota": {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 0.0},
        "SendingEnabled": True,
        "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
        "VdmAttributes": _vdm(False),
        "PricingAttributes": {"CurrentPlan": plan, "NextPlan": plan},
    }


def _vdm(enabled: bool) -> dict[str, Any]:
    state = "ENABLED" if enabled else "DISABLED"
    return {"VdmEnabled": state} | (
        {
            "DashboardAttributes": {"EngagementMetrics": state},
            "GuardianAttributes": {"OptimizedSharedDelivery": state},
        }
        if enabled
        else {}
    )


def _quota(call: Call, sender: Sender) -> dict[str, float]:
    yesterday = call.world.volume(sender, call.world.today - timedelta(days=1), call.world.today)
    return {
        "Max24HourSend": float(sender.quota),
        "MaxSendRate": float(sender.rate),
        "SentLast24Hours": float(yesterday.send.sum()),
    }


@operation("ses", "GetSendQuota")
def get_send_quota(call: Call) -> dict[str, Any]:
    quota: dict[str, Any] = get_account(call)["SendQuota"]
    return quota


@operation("ses", "GetSendStatistics")
def get_send_statistics(call: Call) -> dict[str, Any]:
    """Two weeks in quarters of an hour; quarters in which nothing was sent are absent."""
    sender = call.world.sender(call.account_id, call.region)
    if sender is None:
        return {"SendDataPoints": []}
    start = call.world.today - timedelta(days=STATISTICS_DAYS)
    volume = call.world.volume(sender, start, call.world.today)
    first = datetime.combine(start, time(), tzinfo=UTC)
    columns = (volume.send, volume.bounce, volume.complaint, volume.reject)
    return {
        "SendDataPoints": [
            {
                "Timestamp": first + timedelta(minutes=15 * slot),
                "DeliveryAttempts": send,
                "Bounces": bounce,
                "Complaints": complaint,
                "Rejects": reject,
            }
            for slot, (send, bounce, complaint, reject) in enumerate(zip(*(c.tolist() for c in columns), strict=True))
            if send
        ]
    }


@operation("sesv2", "GetDedicatedIps")
def get_dedicated_ips(call: Call) -> dict[str, Any]:
    wanted = call.params.get("PoolName")
    ips = [
        {"Ip": ip, "WarmupStatus": "DONE", "WarmupPercentage": 100, "PoolName": _POOL}
        for ip in _dedicated_ips(call)
        if wanted in {None, _POOL}
    ]
    if wanted not in {None, *_pools(call)}:
        raise AwsError("NotFoundException", f"Dedicated IP pool {wanted} does not exist.", 404)
    return _page(call, "DedicatedIps", ips, 10)


@operation("sesv2", "ListDedicatedIpPools")
def list_dedicated_ip_pools(call: Call) -> dict[str, Any]:
    return _page(call, "DedicatedIpPools", _pools(call), 100)


@operation("sesv2", "GetDedicatedIpPool")
def get_dedicated_ip_pool(call: Call) -> dict[str, Any]:
    name = call.params["PoolName"]
    if name not in _pools(call):
        raise AwsError("NotFoundException", f"Dedicated IP pool {name} does not exist.", 404)
    return {"DedicatedIpPool": {"PoolName": name, "ScalingMode": "STANDARD"}}


def _dedicated_ips(call: Call) -> tuple[str, ...]:
    place = call.account_id, call.region
    holder = call.world.sender(*place) or call.world.idle_place(*place)
    return holder.dedicated_ips if holder else ()


def _pools(call: Call) -> list[str]:
    return [_POOL] if _dedicated_ips(call) else []


@operation("sesv2", "ListRecommendations")
def list_recommendations(call: Call) -> dict[str, Any]:
    """Deliverability advice, for accounts that pay for Virtual Deliverability Manager."""
    sender = call.world.sender(call.account_id, call.region)
    found: list[dict[str, Any]] = []
    for identity in call.world.identities_in(call.account_id, call.region) if sender and sender.vdm else []:
        at = datetime.combine(max(identity.since, date(2024, 6, 3)), time(6), tzinfo=UTC)
        advice = {
            "DMARC": (
                identity.identity_type == "DOMAIN" and not identity.mail_from,
                "HIGH",
                "DMARC policy not found.",
            ),
            "SPF": (identity.mail_from == "FAILED", "HIGH", "Custom MAIL FROM domain is not set up for SPF."),
            "DKIM": (identity.dkim != "SUCCESS", "HIGH", "DKIM is not enabled."),
            "BIMI": (
                identity.identity_type == "DOMAIN" and identity.share > 0.5,
                "LOW",
                "BIMI record not found.",
            ),
        }
        found += [
            {
                "ResourceArn": identity.arn,
                "Type": kind,
                "Description": text,
                "Status": "OPEN",
                "CreatedTimestamp": at,
                "LastUpdatedTimestamp": at,
                "Impact": impact,
            }
            for kind, (missing, impact, text) in advice.items()
            if missing
        ]
    fields = {"TYPE": "Type", "IMPACT": "Impact", "STATUS": "Status", "RESOURCE_ARN": "ResourceArn"}
    for key, value in call.params.get("Filter", {}).items():
        if key not in fields:
            raise AwsError("BadRequestException", f"Invalid filter {key}")
        found = [entry for entry in found if entry[fields[key]] == value]
    return _page(call, "Recommendations", found, 100)


_VDM_METRICS = {
    "SEND": "Send",
    "DELIVERY": "Delivery",
    "PERMANENT_BOUNCE": "Bounce",
    "COMPLAINT": "Complaint",
}
_VDM_SHARES = {
    "TRANSIENT_BOUNCE": 0.004,
    "OPEN": 0.31,
    "CLICK": 0.042,
    "DELIVERY_OPEN": 0.31,
    "DELIVERY_CLICK": 0.042,
}
"""Metrics the traffic does not have of its own, as a share of deliveries."""


@operation("sesv2", "BatchGetMetricData")
def batch_get_metric_data(call: Call) -> dict[str, Any]:
    """At most ten queries; days of the whole account, or of one identity by its share of the traffic."""
    queries = call.params["Queries"]
    if not 1 <= len(queries) <= 10:
        raise AwsError("BadRequestException", "Between 1 and 10 queries are allowed.")
    sender = call.world.sender(call.account_id, call.region)
    results, errors = [], []
    for query in queries:
        if sender is None or not sender.vdm:
            message = "Virtual Deliverability Manager is not enabled for this account."
            errors.append({"Id": query["Id"], "Code": "ACCESS_DENIED", "Message": message})
            continue
        start, end = query["StartDate"].date(), query["EndDate"].date() + timedelta(days=1)
        start, end = max(start, call.world.history_start), min(end, call.world.today)
        counts = _vdm_counts(call, call.world.volume(sender, start, end).grouped(SLOTS), query)
        days = [datetime.combine(start + timedelta(days=n), time(), tzinfo=UTC) for n in range(len(counts))]
        results.append({"Id": query["Id"], "Timestamps": days, "Values": counts})
    return {"Results": results, "Errors": errors}


def _vdm_counts(call: Call, volume: Volume, query: dict[str, Any]) -> list[int]:
    metric = query["Metric"]
    if metric in _VDM_METRICS:
        counts = volume.metrics[_VDM_METRICS[metric]]
    elif metric == "DELIVERY_COMPLAINT":
        counts = volume.complaint
    else:
        counts = (volume.delivery * _VDM_SHARES[metric]).astype(int)
    identity = (query.get("Dimensions") or {}).get("EMAIL_IDENTITY")
    if identity is None:
        return [int(count) for count in counts]
    known = {entry.identity: entry.share for entry in call.world.identities_in(call.account_id, call.region)}
    return [int(count * known.get(identity, 0.0)) for count in counts]


def _page(call: Call, key: str, items: list[Any], default: int) -> dict[str, Any]:
    of = f"{call.operation} {call.account_id} {call.region}"
    found, token = page(items, int(call.params.get("PageSize") or default), call.params.get("NextToken"), of=of)
    return {key: found} | ({"NextToken": token} if token else {})
