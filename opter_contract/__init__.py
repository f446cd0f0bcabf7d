"""The agreement between a host and its plug-ins, the only package that both sides import.

:mod:`.hooks` is the page to read; :mod:`.values` is what crosses; :mod:`.version` says who
understands whom; :mod:`.conformance` holds either side to it.
"""

from typing import Final

import pluggy

from opter_contract.version import CONTRACT_VERSION

__all__ = ["BATCH", "CONTRACT_VERSION", "PROJECT", "hookimpl"]

#: The name both sides give to pluggy, and the group of the entry points.
#: pluggy says nothing when the names differ: the hooks are just never called.
PROJECT: Final = "opter"

#: How many payments, numbers or rows one call carries at most.
BATCH: Final = 500

#: Marks a function, or a method, as the answer to the hook of its name.
hookimpl = pluggy.HookimplMarker(PROJECT)
