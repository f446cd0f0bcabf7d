"""The plug-ins: found, loaded, called, and notified of changes."""
