"""The host: everything that a person can do, over one database and its plug-ins.

Each base is one thing to do, in a module of its own; front ends use them all
through :class:`Host`.
"""

from __future__ import annotations

from hostsim.services.decisions import Decisions
from hostsim.services.diagnosis import Diagnosis
from hostsim.services.explanation import Explaining
from hostsim.services.hand_payments import HandPayments
from hostsim.services.imports import Imports
from hostsim.services.past_runs import PastRuns
from hostsim.services.reconciliation import Reconciling
from hostsim.services.saving import Saving


class Host(PastRuns, Imports, Saving, Decisions, HandPayments, Reconciling, Explaining, Diagnosis):
    """The host over one database; see :class:`hostsim.services.context.Context`."""
