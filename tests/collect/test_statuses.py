"""A long reason keeps its end, which says what kind of policy denies."""

from __future__ import annotations

from botocore.exceptions import ClientError

from sesreport.aws.statuses import status_of
from sesreport.snapshot.coverage import DENIED


def test_a_long_denial_keeps_the_policy_that_denies() -> None:
    arn = "arn:aws:sts::210000000001:assumed-role/" + "x" * 300
    message = (
        f"User: {arn} is not authorized to perform: ses:GetAccount with an explicit deny in a service control policy"
    )
    answer = {"Error": {"Code": "AccessDeniedException", "Message": message}}
    status, reason = status_of(ClientError(answer, "GetAccount"))  # type: ignore[arg-type]
    assert status == DENIED
    assert len(reason) == 300 and reason.endswith("in a service control policy")
