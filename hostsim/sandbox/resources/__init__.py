"""Fortnox's resources; their routes are in ``hostsim/sandbox/routes.py``.

A new register that is only read stands in ``small_registers.py``, with its lines in the table of
routes.
"""
