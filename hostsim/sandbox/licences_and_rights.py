"""What a request under ``/3`` needs: the company's licences, a scope, and the user's right."""

from __future__ import annotations

from hostsim.sandbox.errors import NO_API_LICENCE, NO_MODULE_LICENCE, NO_RIGHT, NO_SCOPE, Refused
from hostsim.sandbox.routes import Route
from hostsim.sandbox.scopes import SCOPES
from hostsim.sandbox.switchboard import switchboard
from hostsim.sandbox.tokens import Grant


def check_rights(grant: Grant, route: Route) -> None:
    """Refuse a request that licences, scopes or the user's rights do not allow."""
    company, switches = switchboard().state.company(grant.company), switchboard().switches
    scope = route.scope_by(switches)
    if not company.integration_licence:
        raise Refused(NO_API_LICENCE, "Api-licens saknas.", switches.missing_licence_status)
    if scope not in grant.scopes or scope in company.withdrawn:
        message = "Har inte behörighet för scope"
        raise Refused(NO_SCOPE, message, switches.missing_scope_status)
    if scope in switchboard().state.unlicensed(grant):
        message = "Det finns ingen aktiv licens för önskat scope"
        raise Refused(NO_MODULE_LICENCE, message, switches.missing_licence_status)
    if not switchboard().state.has_right(grant, scope):
        code = NO_RIGHT.get(route.endpoint) or NO_RIGHT.get(scope, switches.no_right_code)
        name = SCOPES[scope][0]
        message = f"Saknar behörighet för {name[0].lower()}{name[1:]}."
        raise Refused(code, message, switches.missing_right_status)
