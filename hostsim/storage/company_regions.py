"""Which region a company's payments are saved in: checks that keep the regions of a firm apart.

Invoice 1001 exists in every company: a payment on the wrong region's invoice
is money on the wrong customer.
"""

from __future__ import annotations

from hostsim.errors import HostError, host_error
from hostsim.ledger.values import Definition
from hostsim.messages.exports import definition_words
from hostsim.messages.payments import region_name
from hostsim.storage.rows import first_row, value_of
from hostsim.storage.store import Store
from opter_contract.values import Company


def refuse_other_region(definition: Definition, region: str | None) -> None:
    """Refuse an import for another region than the definition's; ``None`` for any.

    :raises HostError: ``REGION_DIFFERS``, naming both.
    """
    if region is None or region.strip() == definition.region:
        return
    raise _region_error("REGION_DIFFERS", definition, region.strip())


def region_fixed_error(definition: Definition, region: str) -> HostError:
    """Return the error of a definition that has saved payments in another region."""
    return _region_error("REGION_FIXED", definition, region)


def _region_error(code: str, definition: Definition, region: str) -> HostError:
    return host_error(
        code,
        name=definition.name,
        expected=region_name(definition.region),
        given=region_name(region),
        **definition_words(definition.subject),
    )


def refuse_company_of_other_region(store: Store, definition: Definition, company: Company) -> None:
    """Refuse a company that another region's definition saves from, unless it is this one's.

    Until its first save a definition knows no company, or shares that of another on purpose: a
    login to the wrong one would put its payments on this region's invoices.

    :raises HostError: ``COMPANY_OF_OTHER_REGION``, naming both definitions.
    """
    if definition.company is not None and definition.company.number == company.number:
        return
    row = first_row(
        store.db,
        "SELECT * FROM definitions WHERE company = :company AND region <> :region"
        " ORDER BY name LIMIT 1",
        company=company.number,
        region=definition.region,
    )
    if row is None:
        return
    other_definition = value_of(Definition, row)
    raise host_error(
        "COMPANY_OF_OTHER_REGION",
        name=definition.name,
        region=region_name(definition.region),
        company=f"{row['company_name'] or ''} ({row['company']})",
        other=other_definition.name,
        others_region=region_name(other_definition.region),
        the_other=definition_words(other_definition.subject)["the_definition"],
        **definition_words(definition.subject),
    )
