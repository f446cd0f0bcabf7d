"""Each list as a person or a program reads it."""
