"""What the command lines of a host and of a plug-in have in common: no part of the contract.

It is here because both may import this package, but never each other.
"""
