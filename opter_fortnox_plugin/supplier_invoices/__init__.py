"""The export of bills to subcontractors (avräkningar) as supplier invoices in Fortnox."""
