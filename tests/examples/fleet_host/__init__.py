"""A host for thousands of companies on many machines; README.md beside this says how it works."""
