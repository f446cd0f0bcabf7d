"""A program that is registered with the sandbox, the person who signs in, and records of books."""

from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import fortnox_openapi
import requests

from hostsim.sandbox import Invoice, Payment, scripted_login

DAY = date(2026, 3, 2)
REDIRECT = "http://localhost:51843/callback"
SCOPES = "payment invoice companyinformation"


def invoice(number, total="1000", **changes):
    fields = {"invoice_date": DAY, "due_date": DAY + timedelta(days=30)} | changes
    return Invoice(number=number, total=Decimal(total), **fields)


def paid(invoice_number, amount="1000", **changes):
    """A booked payment."""
    fields = {"payment_date": DAY + timedelta(days=10), "booked": True} | changes
    return Payment(invoice_number=invoice_number, amount=Decimal(amount), **fields)


class Program:
    """A registered program, as little of it as a test needs."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.pair = {}

    # --- The login ---

    def address(self, **changes):
        params = {
            "client_id": self.sandbox.client_id,
            "response_type": "code",
            "state": "an-unguessable-state",
            "scope": SCOPES,
            "redirect_uri": REDIRECT,
            "access_type": "offline",
        } | changes
        issued = {name: value for name, value in params.items() if value is not None}
        return requests.Request("GET", f"{self.sandbox.auth_url}/auth", params=issued).prepare().url

    def answer(self, company=None, **changes):
        back = scripted_login.callback_url(
            self.address(**changes), "erik", "hemligt", company=company
        )
        return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}

    def post(self, path="token", secret=None, headers=None, **form):
        client = (self.sandbox.client_id, secret or self.sandbox.client_secret)
        url = f"{self.sandbox.auth_url}/{path}"
        return requests.post(url, data=form, headers=headers, auth=client, timeout=10)

    def redeem(self, code, **changes):
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
        return self.post(**form | changes)

    def refresh(self, token=None):
        return self.post(
            grant_type="refresh_token", refresh_token=token or self.pair["refresh_token"]
        )

    def sign_in(self, company=None, **changes):
        self.pair = self.redeem(self.answer(company, **changes)["code"]).json()
        return self

    def get_tokens(self, scopes=SCOPES):
        """Get tokens without a login."""
        pair = self.sandbox.sign_in(scopes=scopes.split())
        self.pair = {"access_token": pair.access, "refresh_token": pair.refresh}
        return self

    # --- The API ---

    def ask(self, path, method="GET", body=None, *, spoiled=False, **params):
        """Ask the API; what is not spoiled on purpose must be as the specification says."""
        answer = requests.request(
            method,
            f"{self.sandbox.api_url}/{path}",
            params=params,
            json=body,
            headers={"Authorization": f"Bearer {self.pair.get('access_token', 'none')}"},
            timeout=10,
        )
        if not spoiled:
            fortnox_openapi.check(answer)
        return answer

    def numbers(self, **params):
        answer = self.ask("invoicepayments", **params)
        return [row["Number"] for row in answer.json()["InvoicePayments"]]

    def documents(self, **params):
        return [row["DocumentNumber"] for row in self.ask("invoices", **params).json()["Invoices"]]

    def code(self, path, method="GET", body=None, **params):
        """Return status and code of a refusal."""
        answer = self.ask(path, method, body, **params)
        information = answer.json()["ErrorInformation"]
        return answer.status_code, information.get("code", information.get("Code"))
