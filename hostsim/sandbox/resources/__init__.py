"""Fortnox's resources; ``routes.py`` beside this folder lists what they answer.

A new register that is only read stands in ``small_registers.py``, with its lines in the table of
routes.
"""
