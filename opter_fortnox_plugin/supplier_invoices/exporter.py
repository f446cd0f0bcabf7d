"""The export of bills."""

from __future__ import annotations

from typing import Final

from opter_fortnox_plugin.exports.exporter import Export, Exporter
from opter_fortnox_plugin.supplier_invoices.planning import BillPlanner
from opter_fortnox_plugin.supplier_invoices.settings import BillSettings

EXPORT: Final = Export(
    BillSettings.of, BillPlanner, Exporter, ("supplierinvoice", "companyinformation")
)
