"""The scope of queries: named parameters, and conditions that several queries share."""

from __future__ import annotations

from typing import NamedTuple

from hostsim.ledger.reasons import KEEP, SET_ASIDE


class Scope(NamedTuple):
    """One run, and the common keys of its payments."""

    import_type: str
    company: str
    region: str
    run_id: str
    definition: str


#: The registered payment ``p`` came by the same import type from the same company.
OURS = "p.import_type = :import_type AND p.company = :company AND p.state = 'registered'"

#: Neither a save has applied the decision ``d``, nor has a person taken it back.
IN_FORCE = "d.taken_back_at IS NULL AND d.applied_at IS NULL"

#: No payment is registered under the number of the row ``r``.
NOT_REGISTERED = """
    NOT EXISTS (SELECT 1 FROM payments k WHERE k.import_type = :import_type
                AND k.company = :company AND k.number = r.number AND k.state = 'registered')
"""

#: Of the payments that were deleted here under the number of the row ``r``, ``x`` is the last one.
DELETED_LAST = """
    x.id = (SELECT max(id) FROM payments WHERE import_type = :import_type AND company = :company
            AND number = r.number AND state = 'deleted' AND reverses IS NULL)
"""

#: The definition ``d`` is the import of another region that shares the company, and has the
#: invoice of the row ``r``.
IS_OTHER_IMPORT = """
    d.company = :company AND d.import_type = :import_type AND d.subject = ''
    AND d.region <> :region
    AND (EXISTS (SELECT 1 FROM invoices o
                 WHERE o.region = d.region AND o.number = r.invoice_number)
         OR EXISTS (SELECT 1 FROM invoices o
                    WHERE o.region = d.region AND o.ocr = r.ocr AND r.ocr <> ''))
"""

#: The import of another region that shares the company, if the invoice of the row ``r`` is there.
OTHER_IMPORT = f"""
    (SELECT min(d.name) FROM definitions d WHERE {IS_OTHER_IMPORT})
"""  # noqa: S608 a constant

#: Whether a person sets the payment ``r`` aside in an import of that region, or keeps there what is
#: registered.
OTHER_IMPORT_DECLINED = f"""
    EXISTS (SELECT 1 FROM decisions d WHERE d.company = :company AND d.number = r.number
            AND d.decision IN ('{SET_ASIDE}', '{KEEP}') AND {IN_FORCE}
            AND d.definition IN (SELECT d.name FROM definitions d WHERE {IS_OTHER_IMPORT}))
"""  # noqa: S608 constants

#: Whether an import of that region was ever saved.
OTHER_IMPORT_SAVED = f"""
    EXISTS (SELECT 1 FROM definitions d JOIN runs u ON u.definition = d.name AND u.state = 'saved'
            WHERE {IS_OTHER_IMPORT})
"""  # noqa: S608 a constant
