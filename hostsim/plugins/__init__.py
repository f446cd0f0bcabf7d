"""Which plug-ins there are, and what is spoken with one."""
