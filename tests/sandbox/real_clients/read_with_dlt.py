"""Read all payments with dlt's REST API source, by its declared options alone.

Run as a program in an environment of its own; prints the payments as JSON.
"""

import json
import sys

from dlt.sources.rest_api import rest_api_source

base_url, access_token, limit = sys.argv[1:]
source = rest_api_source(
    {
        "client": {
            "base_url": f"{base_url}/3/",
            "auth": {"type": "bearer", "token": access_token},
            "paginator": {
                "type": "page_number",
                "base_page": 1,
                "total_path": "MetaInformation.'@TotalPages'",
            },
        },
        "resources": [
            {
                "name": "invoicepayments",
                "endpoint": {
                    "path": "invoicepayments",
                    "params": {"limit": int(limit)},
                    "data_selector": "InvoicePayments",
                },
            }
        ],
    }
)
payments = list(source.resources["invoicepayments"])
json.dump(
    [[one["Number"], one["InvoiceNumber"], repr(one["Amount"])] for one in payments], sys.stdout
)
