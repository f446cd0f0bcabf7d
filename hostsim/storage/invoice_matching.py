"""Which invoice each payment of a run pays: by its number, else by its OCR reference."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping


def match_invoices(db: sqlite3.Connection, scope: Mapping[str, object]) -> None:
    """Create the temporary table ``matched``: the invoice of each row, or NULL."""
    db.execute(_CREATE_MATCHED)
    db.execute(_MATCH, scope)
    db.execute("CREATE INDEX matched_by_invoice ON matched (invoice_id)")


_CREATE_MATCHED = "CREATE TEMP TABLE matched (row_id INTEGER PRIMARY KEY, invoice_id INTEGER)"

# By number in the definition's region; else by an OCR that exactly one invoice there holds,
# and exactly one where the payments come from.
_MATCH = """
    INSERT INTO matched
    WITH ocrs AS (SELECT DISTINCT ocr FROM run_rows WHERE run_id = :run_id AND ocr <> ''),
    there AS (
        SELECT ocr, invoice_number FROM run_rows WHERE run_id = :run_id AND ocr <> ''
        UNION
        SELECT p.ocr, p.invoice_number FROM ocrs CROSS JOIN payments p ON p.company = :company
        AND p.ocr = ocrs.ocr AND p.ocr <> '' AND p.import_type = :import_type),
    shared AS (SELECT ocr FROM there GROUP BY ocr HAVING count(NULLIF(invoice_number, '')) > 1)
    SELECT r.id, COALESCE(
        (SELECT id FROM invoices WHERE region = :region AND number = r.invoice_number),
        (SELECT CASE WHEN count(*) = 1 THEN min(id) END
         FROM invoices WHERE region = :region AND ocr = r.ocr AND r.ocr <> ''
         AND r.ocr NOT IN (SELECT ocr FROM shared)))
    FROM run_rows r WHERE r.run_id = :run_id AND r.deleted = 0
"""
