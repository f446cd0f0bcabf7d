"""Read all payments with dlt's REST API source, by its declared options and store none."""

import sys

from dlt.sources.rest_api import rest_api_source
from measurement import Measurement

count, base_url, access_token, _ = sys.argv[1:]
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
                    "params": {"limit": 500},
                    "data_selector": "InvoicePayments",
                },
            }
        ],
    }
)
with Measurement(int(count)) as measurement:
    for one in source.resources["invoicepayments"]:
        measurement.count(one["Number"], one["Amount"])
