"""Read all payments with pyfortnox, by the options that its own README names.

Run as a program in an environment of its own; prints the payments as JSON.
"""

import itertools
import json
import sys

import fortnox

base_url, access_token, client_secret, limit = sys.argv[1:]
client = fortnox.Client(
    base_url=base_url, access_token=access_token, client_secret=client_secret, timeout=20
)
payments = []
for page in itertools.count(1):
    rows = client.invoice_payments.list(page=page, limit=limit)
    if not rows:
        break
    payments += rows
json.dump([[one.Number, one.InvoiceNumber, repr(one.Amount)] for one in payments], sys.stdout)
