"""The views of documents: showing, creating, changing, and further actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import Response

from hostsim.sandbox import responses, rest
from hostsim.sandbox.company import Company

Document = TypeVar("Document")


@dataclass(frozen=True, kw_only=True)
class Documents(Generic[Document]):
    """The views of invoices, supplier invoices or payments, by number."""

    singular: str
    """The envelope of a record in requests and responses."""

    path: str
    find: Callable[[Company, int], Document]
    make: Callable[[Company, object], Document]
    change: Callable[[Company, int, object], Document]
    detail: Callable[[Document], Mapping[str, Any]]

    def answer(self, document: Document) -> Response:
        return responses.json_response({self.singular: self.detail(document)})

    def show_one(self, number: str) -> Response:
        return self.answer(self.find(rest.company(), rest.parse_path_number(number)))

    def create_one(self) -> Response:
        document = self.make(rest.company(), rest.json_body().get(self.singular))
        return rest.created_response(self.singular, self.detail(document), self.path)

    def change_one(self, number: str) -> Response:
        content = rest.json_body().get(self.singular)
        return self.answer(self.change(rest.company(), rest.parse_path_number(number), content))

    def action(self, perform: Callable[[Company, int], Document]) -> Callable[[str], Response]:
        """Make the view of an action on a document, a request without a record."""

        def view(number: str) -> Response:
            rest.require_json()
            return self.answer(perform(rest.company(), rest.parse_path_number(number)))

        return view
