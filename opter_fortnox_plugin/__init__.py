"""Payments of customer invoices, from Fortnox into an Opter-like host.

Read in this order: :mod:`.hooks` (the hooks that we answer), :mod:`.payments.importer`
(what is read, excluded and handed over), :mod:`.fortnox.protocol` (what Fortnox's
answers mean), :mod:`.fortnox.client` (its API, within its rate limit).
"""

__version__ = "0.1.0"
