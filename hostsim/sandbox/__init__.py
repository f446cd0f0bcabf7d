"""A Fortnox on this machine: a real HTTP server that a client cannot tell from the real one.

It is written from what is documented and recorded of Fortnox's API, not from
any client. It is not affiliated with Fortnox AB. What is imitated, what is
guessed and what is missing is listed in ``UNKNOWNS.md`` beside this file.

Begin with :class:`Sandbox`; data comes from :mod:`hostsim.sandbox.seed`,
:mod:`hostsim.sandbox.scripted_login` signs in without a browser, and
:class:`Switchboard` is what a test sets and inspects. Over HTTP the same is
under ``/_sandbox``. Every address of the API is a line of
:mod:`hostsim.sandbox.routes`, and a function in
:mod:`hostsim.sandbox.resources`. Other projects' tests have
:mod:`hostsim.sandbox.pytest_plugin`.
"""

from hostsim.sandbox.clock import STOCKHOLM, Clock
from hostsim.sandbox.faults import PAYMENT_LISTS, Change, Fault, Match, ReceivedRequest
from hostsim.sandbox.server import Sandbox
from hostsim.sandbox.state import Company, Invoice, Payment, State, User, WriteOff, ocr_of
from hostsim.sandbox.switchboard import Switchboard
from hostsim.sandbox.switches import Switches

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
