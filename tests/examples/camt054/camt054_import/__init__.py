"""Payments from a camt.054 file, the bank's notice of what came in, which replaced BgMax.

:mod:`.notification` reads the file and knows no host; :mod:`.plugin` hands what it read to any
host that keeps to the contract, and knows no XML.
"""
