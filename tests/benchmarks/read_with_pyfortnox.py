"""Read all payments with pyfortnox, page after page as its README shows, and keep none."""

import itertools
import sys

import fortnox
from tally import Tally

count, base_url, access_token, client_secret = sys.argv[1:]
client = fortnox.Client(
    base_url=base_url, access_token=access_token, client_secret=client_secret, timeout=20
)
with Tally(int(count)) as tally:
    for page in itertools.count(1):
        rows = client.invoice_payments.list(page=page, limit=500)
        if not rows:
            break
        for one in rows:
            tally.take(one.Number, one.Amount)
