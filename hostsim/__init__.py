"""A simulator of an Opter-like host, so that import plug-ins can be seen at work.

Read in this order: :mod:`.hookspecs` (the contract with plug-ins),
:mod:`.judging` (what becomes of a payment, without I/O), :mod:`.host` (an
import from beginning to end), :mod:`.previews` and :mod:`.store` (what is kept,
and what makes an import repeatable). The host knows no plug-in by name.
"""
