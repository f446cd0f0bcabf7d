"""The agreement between a host and its plug-ins, the only package that both sides import."""
