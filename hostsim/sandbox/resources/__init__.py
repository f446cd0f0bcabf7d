"""Fortnox's resources; their routes are in ``hostsim/sandbox/routes.py``.

A new register that is only read stands in ``read_only_registers.py``, with its lines in the table
of routes.
"""
