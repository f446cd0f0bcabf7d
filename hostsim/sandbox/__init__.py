"""A simulator of Fortnox's API, as a real HTTP server on this machine.

It is written from documentation and recordings of Fortnox's API, not from any
client. It is not affiliated with Fortnox AB. ``UNKNOWNS.md`` in this folder
lists what is imitated, guessed and missing.

Begin with :class:`Sandbox`; :mod:`hostsim.sandbox.seed` has its data,
:mod:`hostsim.sandbox.scripted_login` signs in without a browser, and tests set
and inspect :class:`Switchboard`, which is also at ``/_sandbox`` over HTTP.
Other projects' tests use :mod:`hostsim.sandbox.pytest_plugin`.

==========  ======================================================================
what        where
==========  ======================================================================
the server  server, app, routes (each route is a line), rest, responses, resources,
            errors, rate_limiter; standalone for the command line
lists       query, payment_filters, invoice_filters
login       login_pages, pending_logins, token_endpoints, tokens, scopes,
            licences_and_rights
the books   state, company, values, registers, ocr
the rules   payments, invoicing, invoice_rows, supplier_invoicing; bookkeeping_rules,
            which they share; amounts, currency_conversion
fields      fields (what a client may send), invoice_fields, serializers, countries
for tests   switchboard, control_api with payloads, changes, validation; faults,
            drift, latency and matching; clock
data        seed and its like, json_books, json_records
unknowns    switches
==========  ======================================================================
"""

from hostsim.sandbox.clock import STOCKHOLM, Clock
from hostsim.sandbox.company import Company
from hostsim.sandbox.drift import Change
from hostsim.sandbox.faults import Fault
from hostsim.sandbox.matching import PAYMENT_LISTS, Match, ReceivedRequest
from hostsim.sandbox.ocr import ocr_of
from hostsim.sandbox.server import Sandbox
from hostsim.sandbox.state import State, User
from hostsim.sandbox.switchboard import Switchboard
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.values import Invoice, Payment, WriteOff

__all__ = [
    "PAYMENT_LISTS",
    "STOCKHOLM",
    "Change",
    "Clock",
    "Company",
    "Fault",
    "Invoice",
    "Match",
    "Payment",
    "ReceivedRequest",
    "Sandbox",
    "State",
    "Switchboard",
    "Switches",
    "User",
    "WriteOff",
    "ocr_of",
]
