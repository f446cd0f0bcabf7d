"""A simulator of an Opter-like host, so that import plug-ins can be seen at work.

Read in this order: :mod:`opter_contract.hooks` (the contract with plug-ins), :mod:`.ledger`
(the rules of matching, without I/O), :mod:`.services` (what a person can do),
:mod:`.storage` (what is stored, and what makes an import repeatable). The host knows no
plug-in by name.
"""
