"""The desk: ``Ekonomi > Betalningsimport`` in a browser, as a user of such a host knows it.

The pages know no field of a plug-in, no sentence of one and no rule of the
host: they show what the plug-ins contribute and what :class:`hostsim.services.host.Host`
answers.
"""

from hostsim.desk.context import DeskContext
from hostsim.desk.server import Desk

__all__ = ["Desk", "DeskContext"]
