"""Whether all that a transfer needs is there, and what to correct if not."""
