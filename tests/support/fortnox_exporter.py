"""A client that writes invoices and registers to the sandbox, as an export does."""

import fortnox_openapi
import requests

SCOPES = (
    "payment invoice companyinformation customer bookkeeping costcenter currency settings project"
    " inbox connectfile supplier supplierinvoice"
)


class Exporter:
    """Writes to the API over HTTP; every response is checked against the specification."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.company = sandbox.state.company()
        self.token = sandbox.sign_in(scopes=SCOPES.split()).access

    def ask(self, method, path, body=None, *, checked=True, **more):
        answer = requests.request(
            method,
            f"{self.sandbox.api_url}/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=10,
            **more,
        )
        if checked:
            fortnox_openapi.check(answer)
        return answer

    def get(self, path):
        return self.ask("GET", path).json()

    def error_code(self, method, path, body=None):
        """Return status and code of a refusal."""
        answer = self.ask(method, path, body)
        error = answer.json()["ErrorInformation"]
        return answer.status_code, error.get("code", error.get("Code"))

    def answered(self, method, path, body, status=200):
        """Send content, and return the content that is answered."""
        answer = self.ask(method, path, body)
        assert answer.status_code == status, answer.text
        [content] = answer.json().values()
        return content

    def create_invoice(self, rows=(), **fields):
        """Create an invoice, and return it."""
        return self.answered("POST", "invoices", invoice(rows, **fields), 201)

    def refusal_code(self, rows=(), **fields):
        """Return the code by which an invoice is refused."""
        return self.error_code("POST", "invoices", invoice(rows, **fields))[1]

    def put(self, number, **fields):
        return self.answered("PUT", f"invoices/{number}", {"Invoice": fields})

    def perform(self, number, action):
        return self.answered("PUT", f"invoices/{number}/{action}", {})

    def customer(self, **fields):
        return self.answered("POST", "customers", {"Customer": {"Name": "Kund AB"} | fields}, 201)

    def documents(self, query=""):
        return [row["DocumentNumber"] for row in self.get(f"invoices{query}")["Invoices"]]

    # --- As a person in Fortnox, and as a test ---

    def change(self, do, **content):
        changes = {"changes": [{"do": do} | content]}
        answer = requests.post(f"{self.sandbox.switchboard_url}/changes", json=changes, timeout=10)
        assert answer.status_code == 200, answer.text

    def record(self, register, **record):
        self.change("put_record", register=register, record=record)

    def advance(self, seconds):
        """Advance the clock, and sign in again."""
        self.change("step_clock", seconds=seconds)
        self.token = self.sandbox.sign_in(scopes=SCOPES.split()).access

    def set(self, **switches):
        self.sandbox.switchboard.set(**switches)

    def fault(self, **fault):
        answer = requests.post(f"{self.sandbox.switchboard_url}/faults", json=fault, timeout=10)
        assert answer.status_code == 200, answer.text


def invoice(rows, **fields):
    more = {"InvoiceRows": list(rows)} if rows else {}
    return {"Invoice": {"CustomerNumber": "1"} | more | fields}


def sold(price="100.00", vat=25, account=3001, **more):
    """A row of an invoice."""
    row = {"AccountNumber": account, "DeliveredQuantity": "1", "Price": price, "VAT": vat}
    return row | {"Description": "Frakt"} | more
