"""A simulator of Fortnox's API, as a real HTTP server on this machine.

It is written from documentation and recordings of Fortnox's API, not from any
client. It is not affiliated with Fortnox AB. ``UNKNOWNS.md`` in this folder
lists what is imitated, guessed and missing.

Begin with :class:`Sandbox`; :mod:`hostsim.sandbox.seed` has its data,
:mod:`hostsim.sandbox.scripted_login` signs in without a browser, and tests set
and inspect :class:`Switchboard`, which is also at ``/_sandbox`` over HTTP.
Every route of the API is a line of :mod:`hostsim.sandbox.routes`, and a
function in :mod:`hostsim.sandbox.resources`. Other projects' tests use
:mod:`hostsim.sandbox.pytest_plugin`.
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
