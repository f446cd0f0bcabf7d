"""A plug-in that does not wait for Fortnox's rate limit, for a sandbox that has none."""

import functools

from opter_fortnox_plugin.fortnox.rate_limiter import RateLimiter


def lift_rate_limit(monkeypatch):
    unhurried = functools.partial(RateLimiter, requests=10_000)
    monkeypatch.setattr("opter_fortnox_plugin.session.RateLimiter", unhurried)
