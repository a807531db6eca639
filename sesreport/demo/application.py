"""The WSGI application: our operations first, moto for the rest, errors as AWS answers them."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from moto.core.request import Request
from moto.core.routing import get_service_router
from werkzeug.wrappers import Response

from sesreport.demo.calls import (
    OPERATIONS,
    AwsError,
    Call,
    access_denied,
    answer,
    parameters,
    route,
    scope_of,
)
from sesreport.demo.credentials import caller_of
from sesreport.demo.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_DEFAULT_REGIONS = frozenset({
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
    "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1",
    "us-east-1", "us-east-2", "us-west-1", "us-west-2",
})  # fmt: skip
"""Regions nobody needs to opt into (Account Management guide); others take no credentials until then."""
_READS = ("Get", "List", "Describe", "BatchGet", "Lookup")
_OURS = frozenset({"ses", "sesv2"})


class Application:
    """Answers AWS calls from a :class:`World`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._moto: Any = None
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ, populate_request=False)
        response = self._respond(request)
        if response is None:
            environ["wsgi.input"].seek(0)  # routing may have read it
            moto: Iterable[bytes] = self._moto_application()(environ, start_response)
            return moto
        return response(environ, start_response)

    def warm(self) -> None:
        """Loads service models and traffic ahead of the first calls that need them."""
        for service in sorted({name.partition(" ")[0] for name in OPERATIONS}):
            get_service_router(service)
        for sender in self.world.senders.values():
            self.world.reputation(sender, self.world.today, self.world.today)

    def _respond(self, request: Request) -> Response | None:
        """Our answer, or None where moto is to answer."""
        scope = scope_of(request)
        routed = route(scope.service, request) if scope is not None else None
        if scope is None or routed is None:
            return None
        model, path_params = routed
        try:
            caller = caller_of(self.world, scope.access_key_id, request.headers.get("X-Amz-Security-Token"))
            if caller is None or not self._region_open(scope.region):
                raise _invalid_token(scope.service)
            params = parameters(model, request, path_params)
            call = Call(self.world, caller, scope.region, scope.service, model.name, params)
            function = OPERATIONS.get(f"{scope.service} {model.name}")
            self._authorize(call)
            if function is None:
                return None
            return answer(model, request, function(call))
        except AwsError as error:
            return answer(model, request, error)

    def _region_open(self, region: str) -> bool:
        """Whether credentials work there; in a default Region they do, though the organization lists it as off."""
        return region in _DEFAULT_REGIONS or self.world.organization.regions.get(region, "DISABLED") != "DISABLED"

    def _authorize(self, call: Call) -> None:
        """Denies what the account's role may not do, and everything that would change SES."""
        reads = call.operation.startswith(_READS)
        if call.action in self.world.accounts[call.account_id].denies or (call.service in _OURS and not reads):
            raise access_denied(call)

    def _moto_application(self) -> Any:
        # Imported late: moto's services take longer to load than all the rest, and most runs never need them.
        with self._lock:
            if self._moto is None:
                from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

                self._moto = DomainDispatcherApplication(create_backend_app)
        return self._moto


def _invalid_token(service: str) -> AwsError:
    code = "InvalidClientTokenId" if service in {"sts", "ses"} else "UnrecognizedClientException"
    return AwsError(code, "The security token included in the request is invalid.", 403)
