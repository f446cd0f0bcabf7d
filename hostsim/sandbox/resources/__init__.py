"""Fortnox's resources, one module each; ``routes.py`` beside this folder lists what they answer.

A new register is a module like ``cost_centers.py`` and its lines in the table of routes.
"""
