"""Each list, as people and programs read it."""
