"""Fortnox's API and nothing else."""
