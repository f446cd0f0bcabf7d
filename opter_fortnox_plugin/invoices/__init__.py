"""The export of customer invoices to Fortnox."""
