"""Payments from a BgMax file, which Swedish companies get from Bankgirot.

:mod:`.layout` reads the file and knows no host; :mod:`.plugin` hands what it
read to any host that keeps to the contract, and knows no columns.
"""
