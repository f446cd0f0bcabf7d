"""The contract between a host and its plug-ins, the only package that both sides import.

:mod:`.hooks` is the page to read; :mod:`.values` are the values exchanged; :mod:`.version` compares
versions; :mod:`.conformance` tests either side; :mod:`.programs` is shared by their command lines.
"""

from typing import Final

import pluggy

from opter_contract.version import CONTRACT_VERSION

__all__ = ["BATCH", "CONTRACT_VERSION", "PROJECT", "hookimpl"]

#: The name both sides give to pluggy, and the group of the entry points.
#: pluggy does not report different names: the hooks are never called.
PROJECT: Final = "opter"

#: The maximum number of payments, numbers or rows in one call.
BATCH: Final = 500

#: Marks a function, or a method, as the implementation of the hook of its name.
hookimpl = pluggy.HookimplMarker(PROJECT)
