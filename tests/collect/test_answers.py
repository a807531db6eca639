"""An answer counts only if it is one: whole, AWS's own, and with what it must have. What is not is a gap, by name."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from sesreport.collect.registry import collectors
from sesreport.snapshot.store import Snapshot
from tests.collect.double import READ, REGION, Answer, named, topics, whole
from tests.collect.test_collect_faults import Read, error, read, status

__all__ = ["read"]

ONE = (200, {"EmailIdentities": [named("a.example.com")]})
TWO = (200, {"EmailIdentities": [named("a.example.com"), named("b.example.com")]})
HTML = (200, "<html>please log in</html>")


def unread(snapshot: Snapshot, *names: str) -> None:
    """The identities are there, their policies are not known, and coverage names them."""
    policies = snapshot.identities.set_index("identity")["policies"]
    assert policies[list(names)].isna().all()
    for dataset in ("identities", "policies"):
        found, reason = status(snapshot, dataset)
        assert found == "error"
        assert reason.startswith(", ".join(names) + ": ")


def once(first: Answer, then: Callable[[str, dict[str, str]], Answer] | Answer) -> Callable[..., Answer]:
    """Answers the first question otherwise than all that follow."""
    asked = itertools.count()

    def answer(path: str, parameters: dict[str, str]) -> Answer:
        if next(asked) == 0:
            return first
        return then(path, parameters) if callable(then) else then

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        (200, ""),
        (200, "{}"),
        (200, {}),
        (200, {"Tags": [], "IdentityType": "DOMAIN"}),
        (200, {"Policies": None}),
        HTML,
        (200, "[]"),
    ],
)
def test_an_identity_without_its_members_is_not_one_without_policies(read: Read, answer: Answer) -> None:
    unread(read(identities=ONE, identity=answer), "a.example.com")


def test_a_list_without_its_member_is_empty_when_aws_says_so(read: Read) -> None:
    snapshot = read(identities=(200, {}))
    assert status(snapshot, "identities") == ("ok", "")
    assert snapshot.identities.empty


@pytest.mark.parametrize("answer", [HTML, (200, ""), (200, {"EmailIdentities": "none"})])
def test_a_list_of_somebody_else_is_not_empty(read: Read, answer: Answer) -> None:
    assert status(read(identities=answer), "identities")[0] == "error"


def test_a_page_of_a_proxy_among_good_answers_is_asked_for_again(read: Read) -> None:
    good = (200, {"Policies": {"p": "{}"}, "Tags": [], "IdentityType": "DOMAIN"})
    snapshot = read(identities=ONE, identity=once(HTML, good))
    assert status(snapshot, "policies") == ("ok", "")
    assert len(snapshot.policies) == 1


def test_an_error_page_of_a_proxy_is_not_what_aws_says(read: Read) -> None:
    gone = (404, "<html>not found</html>")
    unread(read(identities=ONE, identity=gone), "a.example.com")


@pytest.mark.parametrize("policies", [{"p": None}, {"p": 1}, {"p": {"Statement": []}}, [], "none"])
def test_policies_of_another_shape_cost_their_identity_alone(read: Read, policies: object) -> None:
    def detail(path: str, parameters: dict[str, str]) -> Answer:
        return 200, {
            "Policies": policies if "a.example.com" in path else {"q": "{}"},
            "Tags": [],
            "IdentityType": "DOMAIN",
        }

    snapshot = read(identities=TWO, identity=detail)
    unread(snapshot, "a.example.com")
    assert snapshot.policies["identity"].tolist() == ["b.example.com"]


def test_an_entry_without_its_type_is_named_and_read_all_the_same(read: Read) -> None:
    entry = named("a.example.com")
    del entry["IdentityType"]
    detail = (200, {"Policies": {"p": "{}"}, "Tags": [], "IdentityType": "DOMAIN"})
    snapshot = read(identities=(200, {"EmailIdentities": [entry, named("b.example.com")]}), identity=detail)
    found, reason = status(snapshot, "identities")
    assert found == "error" and reason.startswith("a.example.com: ") and "IdentityType" in reason
    assert status(snapshot, "policies") == ("ok", "")
    assert snapshot.policies["identity"].tolist() == ["a.example.com", "b.example.com"]


def test_a_value_of_another_type_costs_its_identity_alone(read: Read) -> None:
    def detail(path: str, parameters: dict[str, str]) -> Answer:
        odd = {"MailFromAttributes": {"MailFromDomain": 5}} if "a.example.com" in path else {}
        return 200, {**READ, **odd}

    snapshot = read(identities=TWO, identity=detail)
    unread(snapshot, "a.example.com")
    assert snapshot.identities.set_index("identity").loc["b.example.com", "policies"] == 0


def test_many_identities_that_cannot_be_read_are_named_and_counted(read: Read) -> None:
    entries = [named(f"d{number}.example.com") for number in range(8)]
    denied = (403, error("AccessDeniedException"))
    _, reason = status(read(identities=(200, {"EmailIdentities": entries}), identity=denied), "policies")
    names = ", ".join(f"d{number}.example.com" for number in range(5))
    assert reason.startswith(f"{names} and 3 more: GetEmailIdentity: AccessDeniedException")


def test_topics_that_leave_an_identity_out_are_a_gap(read: Read) -> None:
    def asked(path: str, form: dict[str, str]) -> Answer:
        return 200, topics({name: value for name, value in form.items() if value != "a.example.com"})

    found, reason = status(read(identities=TWO, topics=asked), "notification_topics")
    assert found == "error" and reason.startswith("a.example.com: ")


def test_regions_that_come_back_empty_keep_the_account_and_are_said(read: Read) -> None:
    snapshot = read(regions=(200, {"Regions": []}), identities=ONE)
    assert status(snapshot, "regions")[0] == "error"
    assert status(snapshot, "identities")[0] == "ok"


def test_a_configured_region_that_the_account_s_list_does_not_name_is_a_gap(read: Read) -> None:
    snapshot = read(regions=(200, {"Regions": [{"RegionName": "us-east-1", "RegionOptStatus": "ENABLED_BY_DEFAULT"}]}))
    assert status(snapshot, "everything") == ("error", "list_regions does not name the Region")


@pytest.mark.parametrize("opted", ["ENABLING", "DISABLING", "SOMETHING_NEW"])
def test_only_a_region_that_is_off_is_not_read(read: Read, opted: str) -> None:
    snapshot = read(regions=(200, {"Regions": [{"RegionName": REGION, "RegionOptStatus": opted}]}), identities=ONE)
    assert len(snapshot.identities) == 1


def results(*, state: str = "Complete", values: dict[str, list[float]] | None = None, **more: object) -> Answer:
    """An answer of GetMetricData about the first queries of a lane, which are those by name."""
    at = datetime(2026, 10, 12, tzinfo=UTC).timestamp()
    told = {name: {"Values": found, "Timestamps": [at] * len(found)} for name, found in (values or {}).items()}
    return 200, {"MetricDataResults": [whole(f"m{n}", StatusCode=state, **told.get(f"m{n}", {})) for n in range(12)]}


def test_metrics_are_asked_for_by_name_whatever_is_listed(read: Read) -> None:
    snapshot = read(metric_data=results(values={"m0": [7.0], "m2": [1.0]}))
    assert status(snapshot, "metrics") == ("ok", "")
    found = snapshot.metrics.set_index("metric")["value"]
    assert found.to_dict() == {"Send": 7.0, "Bounce": 1.0}
    assert set(snapshot.metrics["dimension"]) == {"account"}


@pytest.mark.parametrize("state", ["PartialData", "InternalError", "Forbidden", "SomethingNew"])
def test_a_metric_that_is_not_complete_is_a_gap(read: Read, state: str) -> None:
    found, reason = status(read(metric_data=results(state=state, values={"m0": [7.0]})), "metrics")
    assert found == "error"
    assert f"get_metric_data: {state}" in reason and reason.startswith("Send account, ")


def test_a_metric_that_is_completed_on_the_next_page_is_whole(read: Read) -> None:
    def pages(path: str, parameters: dict[str, object]) -> Answer:
        state = "Complete" if "NextToken" in parameters else "PartialData"
        code, content = results(state=state)
        assert isinstance(content, dict)
        return code, content if "NextToken" in parameters else {**content, "NextToken": "2"}

    assert status(read(metric_data=pages), "metrics") == ("ok", "")


def test_a_metric_without_an_answer_is_a_gap(read: Read) -> None:
    found, reason = status(read(metric_data=(200, {"MetricDataResults": [whole("m0")]})), "metrics")
    assert found == "error" and "not answered" in reason


def test_dimensions_of_earlier_snapshots_are_asked_for_again(read: Read, tmp_path: Path) -> None:
    dimension = {"Name": "ses:configuration-set", "Value": "news"}
    asked: list[str] = []

    def data(path: str, parameters: dict[str, object]) -> Answer:
        queries = json.loads(json.dumps(parameters["MetricDataQueries"]))
        asked.extend(query["Id"] for query in queries if query["MetricStat"]["Metric"].get("Dimensions") == [dimension])
        at = datetime(2026, 10, 12, tzinfo=UTC).timestamp()
        found = [whole(q["Id"], Values=[0.01], Timestamps=[at]) for q in queries if q["Id"] in asked]
        return 200, {"MetricDataResults": [*found, *(whole(q["Id"]) for q in queries if q["Id"] not in asked)]}

    listed = (200, {"Metrics": [{"MetricName": "Reputation.BounceRate", "Dimensions": [dimension]}]})
    first = read(metric_data=data, list_metrics=listed)
    second = read(metric_data=data)
    assert len(asked) == 2
    pd.testing.assert_frame_equal(first.metrics, second.metrics)
    assert pq.read_metadata(second.path / "metrics.parquet").num_rows == 1


def test_metrics_that_cannot_be_listed_are_asked_for_by_name_and_said(read: Read) -> None:
    denied = (403, error("AccessDeniedException"))
    snapshot = read(list_metrics=denied, metric_data=results(values={"m0": [7.0]}))
    assert status(snapshot, "metrics")[0] == "denied"
    assert len(snapshot.metrics) == 1


STATISTICS = """<GetSendStatisticsResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/">
<GetSendStatisticsResult><SendDataPoints>{}</SendDataPoints></GetSendStatisticsResult></GetSendStatisticsResponse>"""


def point(*, attempts: int, at: str = "2026-10-31T23:30:00Z", bounces: str = "<Bounces>2</Bounces>") -> str:
    return (
        f"<member><Timestamp>{at}</Timestamp><DeliveryAttempts>{attempts}</DeliveryAttempts>{bounces}"
        "<Complaints>0</Complaints><Rejects>0</Rejects></member>"
    )


def test_a_point_of_the_statistics_that_comes_twice_counts_once(read: Read) -> None:
    snapshot = read(statistics=(200, STATISTICS.format(point(attempts=100) + point(attempts=100))))
    assert snapshot.sending["delivery_attempts"].tolist() == [100]
    assert status(snapshot, "sending") == ("ok", "")


def test_a_point_without_a_count_is_a_gap_and_no_zero(read: Read) -> None:
    odd = point(attempts=100, at="2026-10-31T23:45:00Z", bounces="")
    snapshot = read(statistics=(200, STATISTICS.format(point(attempts=100) + odd)))
    assert snapshot.sending["delivery_attempts"].tolist() == [100]
    assert status(snapshot, "sending")[0] == "error"


def test_an_event_of_another_shape_costs_itself_alone(read: Read) -> None:
    def events(path: str, parameters: dict[str, object]) -> Answer:
        name = "PutIdentityPolicy"
        return 200, {"Events": [{"EventName": name}, {"EventId": "1", "EventTime": 1793000000, "EventName": name}]}

    snapshot = read(lookup_events=events)
    assert snapshot.changes["event_id"].tolist() == ["1"]
    assert status(snapshot, "changes")[0] == "error"


def test_an_address_of_another_shape_costs_itself_alone(read: Read) -> None:
    snapshot = read(dedicated_ips=(200, {"DedicatedIps": [{"PoolName": "p"}, {"Ip": "198.51.100.10"}]}))
    assert snapshot.dedicated_ips["ip"].tolist() == ["198.51.100.10"]
    assert status(snapshot, "dedicated_ips")[0] == "error"


def test_every_dataset_of_a_region_is_covered(read: Read) -> None:
    names = {frame.name for one in collectors().values() if one.scope == "region" for frame in one.frames}
    coverage = read().coverage
    assert names == set(coverage.loc[coverage["region"] == REGION, "dataset"])


@pytest.mark.parametrize("mark", [0, False, [], {}, 12, ["a"]])
def test_a_token_that_is_no_text_does_not_end_a_list(read: Read, mark: object) -> None:
    snapshot = read(identities=(200, {"EmailIdentities": [named("a.example.com")], "NextToken": mark}))
    assert status(snapshot, "identities")[0] == status(snapshot, "policies")[0] == "error"


def test_pages_that_say_the_same_for_ever_end(read: Read) -> None:
    tokens = itertools.count()

    def page(path: str, parameters: dict[str, str]) -> Answer:
        return 200, {"EmailIdentities": [named("a.example.com")], "NextToken": str(next(tokens))}

    assert status(read(identities=page), "identities")[0] == "error"


def test_a_bad_page_keeps_the_identities_of_those_before(read: Read) -> None:
    def pages(path: str, parameters: dict[str, str]) -> Answer:
        if "NextToken" in parameters:
            return 500, error("InternalFailure")
        return 200, {"EmailIdentities": [named("a.example.com")], "NextToken": "2"}

    snapshot = read(identities=pages, identity=(200, {**READ, "Policies": {"p": "{}"}}))
    assert snapshot.policies["identity"].tolist() == ["a.example.com"]
    for dataset in ("identities", "policies"):
        found, reason = status(snapshot, dataset)
        assert found == "error" and reason.startswith("the list after its first pages: ")


@pytest.mark.parametrize(
    "detail", [{"Policies": {}}, {"Policies": {}, "Tags": []}, {**READ, "IdentityType": "EMAIL_ADDRESS"}]
)
def test_an_answer_that_is_not_about_the_listed_identity_is_none(read: Read, detail: dict[str, object]) -> None:
    unread(read(identities=ONE, identity=(200, detail)), "a.example.com")


def test_what_the_list_says_is_kept_where_the_answer_says_nothing_of_it(read: Read) -> None:
    snapshot = read(identities=ONE, identity=(200, READ))
    assert snapshot.identities["verification_status"].tolist() == ["SUCCESS"]


def test_regions_left_out_by_the_settings_are_told(read: Read) -> None:
    listed = [{"RegionName": name, "RegionOptStatus": "ENABLED_BY_DEFAULT"} for name in (REGION, "us-east-1")]
    told = status(read(regions=(200, {"Regions": listed})), "regions")
    assert told == ("ok", "left out by organization.regions, though enabled: us-east-1")
