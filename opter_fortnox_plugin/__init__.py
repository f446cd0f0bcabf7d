"""Payments of customer invoices, from Fortnox into an Opter-like host.

Read in this order: :mod:`.plugin` (the hooks that we answer), :mod:`.importer`
(what is read, left out and handed over), :mod:`.protocol` (what Fortnox's
answers mean), :mod:`.client` (the only module that opens a connection to it).
:mod:`.contract` is our half of the agreement with the host.
"""

__version__ = "0.1.0"
