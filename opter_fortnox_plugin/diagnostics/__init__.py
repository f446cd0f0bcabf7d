"""The doctor and the probe; no other package imports them."""
