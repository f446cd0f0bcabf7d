"""A whole list as a file or for printing: every matching row, in the order of the page."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from tempfile import TemporaryFile
from typing import IO, Any

from flask import Response, request, stream_template

from hostsim.desk.shared import desk_context, language, sums_of, word
from hostsim.storage.lists import Selection, Source, all_of, list_of
from hostsim.views.pages import PAGES
from hostsim.views.table import Column, csv_lines, on_page
from hostsim.views.xlsx import MEDIA_TYPE, Sum, write_xlsx
from opter_contract import BATCH

#: The part of a route that names one of the forms.
FORM = "<any(csv, xlsx, print):form>"

CSV = "text/csv"

#: A workbook is sent in chunks of this size.
CHUNK_BYTES = 65_536


def page_file(form: str, name: str, source: Source) -> Response:
    """Send one of :data:`PAGES`, named by ``file_<name>``, filtered and sorted as it is shown."""
    title, selection = word(name), Selection.of(request.args)
    return list_file(form, word(f"file_{name}"), title, source, selection, columns=PAGES[name])


def list_file(
    form: str,
    name: str,
    title: str,
    source: Source,
    selection: Selection,
    *,
    columns: Sequence[Column[Any]],
    about: str = "",
) -> Response:
    """Send a list as CSV, as a workbook, or as a page to be printed.

    :param name: of the file.
    :param title: of the list, on the page.
    :param about: the heading of the printed list.
    """
    store, columns = desk_context().store, on_page(columns)
    if form == "csv":
        rows = all_of(store, source, selection)
        return _download(_in_batches(csv_lines(columns, rows, language())), f"{name}.csv", CSV)
    page, rows = list_of(store, source, selection)
    sums = sums_of(page, title)
    if form == "xlsx":
        write = partial(
            write_xlsx,
            title=title,
            columns=columns,
            items=rows,
            language=language(),
            totals=[Sum(label, source.summed, amount) for label, amount in sums],
        )
        return _download(_file_chunks(write), f"{name}.xlsx", MEDIA_TYPE)
    context = {
        "title": title,
        "columns": columns,
        "rows": rows,
        "page": page,
        "summed": source.summed,
        "sums": sums,
        "selection": selection,
        "at": desk_context().clock(),
        "about": about,
    }
    return Response(stream_template("print.html", **context), mimetype="text/html")


def _download(chunks: Iterator[bytes], name: str, media_type: str) -> Response:
    response = Response(chunks, mimetype=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _file_chunks(write: Callable[[IO[bytes]], None]) -> Iterator[bytes]:
    """Yield what ``write`` writes, by way of a temporary file."""
    with TemporaryFile() as file:
        write(file)
        file.seek(0)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _in_batches(lines: Iterator[str]) -> Iterator[bytes]:
    while batch := "".join(itertools.islice(lines, BATCH)):
        yield batch.encode()
