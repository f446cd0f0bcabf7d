"""Read all payments with fortpyx, whose documented way elsewhere is a transport adapter.

Its addresses are Fortnox's own, and the adapter that it takes as an option
sends what is meant for them to another place. Run as a program in an
environment of its own; prints the payments as JSON.
"""

import json
import sys

from fortpyx import Fortpyx
from requests.adapters import HTTPAdapter

base_url, client_id, client_secret, refresh_token, limit = sys.argv[1:]


class Elsewhere(HTTPAdapter):
    """Connects to another server in the place of Fortnox's two."""

    def send(self, request, *args, **options):
        for place in ("https://api.fortnox.se/", "https://apps.fortnox.se/"):
            request.url = request.url.replace(place, f"{base_url}/")
        return super().send(request, *args, **options)


client = Fortpyx(
    client_id=client_id,
    client_secret=client_secret,
    access_token="of-yesterday",
    refresh_token=refresh_token,
    page_size=int(limit),
    auto_fetch_all_pages=True,
    http_adapter=Elsewhere(),
)
with client:
    found = client.fortnox.invoice_payments.retrieve_a_list_of_invoice_payments()
payments = found.invoice_payments or []
json.dump([[one.number, one.invoice_number, repr(one.amount)] for one in payments], sys.stdout)
