"""A host over an invented plug-in; a test file with other invoices overrides ``invoices``."""

from host_and_plugin import host, invoices, plugin, store

__all__ = ["host", "invoices", "plugin", "store"]
