"""What changed the books, in order, as listeners are told of it.

Every change is written down in the transaction that makes it, and nothing is
ever changed or taken out: the sum of the effects on an invoice is what its
payments have taken from its total.
"""

from __future__ import annotations

import sqlite3

# A payment and the one that counters it stand in the books as two rows; what a deleted one
# took back stands in the row itself.
_BEGIN = """
    INSERT INTO journal (kind, payment_id, replaces, amount, amount_currency, effect, user, at)
    SELECT kind, payment_id, replaces, amount, amount_currency, effect, user, at FROM (
        SELECT CASE state WHEN 'counter' THEN 'reversed' ELSE 'registered' END AS kind,
               COALESCE(p.counters, p.id) AS payment_id,
               (SELECT c.counters FROM payments c WHERE c.state = 'counter'
                AND p.state <> 'counter' AND c.run_id = p.run_id AND c.company = p.company
                AND c.import_type = p.import_type AND c.number = p.number) AS replaces,
               amount, amount_currency, effect, user, registered_at AS at, id, 0 AS undone
        FROM payments p
        UNION ALL
        SELECT 'deleted', id, NULL, negative(amount), negative(amount_currency),
               negative(effect), deleted_by, deleted_at, id, 1
        FROM payments WHERE state = 'deleted'
    ) ORDER BY at, id, undone
"""


def begin(db: sqlite3.Connection) -> None:
    """Write the journal of books that were kept without one."""
    db.create_function("negative", 1, _negative, deterministic=True)
    db.execute(_BEGIN)


def _negative(text: str | None) -> str | None:
    # As text, so that nothing is rounded.
    if text is None or not text.strip("-0."):
        return text
    return text[1:] if text.startswith("-") else f"-{text}"
