"""Read all payments with pyfortnox, page after page as its README shows and store none."""

import itertools
import sys

import fortnox
from measurement import Measurement

count, base_url, access_token, client_secret = sys.argv[1:]
client = fortnox.Client(
    base_url=base_url, access_token=access_token, client_secret=client_secret, timeout=20
)
with Measurement(int(count)) as measurement:
    for page in itertools.count(1):
        rows = client.invoice_payments.list(page=page, limit=500)
        if not rows:
            break
        for one in rows:
            measurement.count(one.Number, one.Amount)
