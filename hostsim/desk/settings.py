"""The settings of imports and exports, made of what the plug-ins contribute; and the office's own.

The page knows no field: kind, label, help, default and the problems of a value all come
from the plug-in of the import or export type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from flask import Blueprint, make_response, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from hostsim.desk import exports
from hostsim.desk.payment_import import window
from hostsim.desk.shared import desk_context, notify, translated, word
from hostsim.errors import HostError, SettingsRefused, host_error
from hostsim.ledger.values import Definition
from hostsim.messages.desk import page_text
from hostsim.messages.text import own
from opter_contract.values import SettingsField, SettingsProblem, Text

pages = Blueprint("settings", __name__, url_prefix="/settings")

#: The kinds of fields that have an input of their own; any other is text.
INPUTS = frozenset({"date", "integer", "boolean", "text", "choice"})


class Field(NamedTuple):
    """A field of a plug-in, as the page shows it."""

    name: str
    input: str
    label: str
    help: str
    value: str
    required: bool
    problems: Sequence[tuple[str, str]]  # severity, sentence
    choices: Sequence[tuple[str, str]] = ()  # value, label

    @property
    def wrong(self) -> bool:
        return any(severity == "error" for severity, _ in self.problems)


# --- Settings of an import or an export ---------------------------------------

_OWN_FIELDS = ("name", "type", "format", "region", "subject")


@pages.get("")
def show() -> str:
    subject = request.args.get("subject", "")
    definitions = desk_context().definitions(subject)
    return _of(definitions[0]) if definitions else _dialog(None, {"subject": subject})


@pages.get("/new")
def new() -> str:
    given = {key: request.args.get(key, "") for key in _OWN_FIELDS}
    return _dialog(None, given, making=True)


@pages.get("/of/<path:name>")
def of(name: str) -> str:
    return _of(_definition(name))


def _definition(name: str) -> Definition:
    return desk_context().store.definition(name, exports=None)


def _of(definition: Definition) -> str:
    problems = [
        SettingsProblem(key, "warning", Text(*message))
        for key, message in session.pop("problems", [])
    ]
    return _dialog(definition, dict(definition.settings), problems)


@pages.post("/new")
def make() -> AnyResponse:
    """Define an import or an export; problems are shown beside their fields."""
    given = {key: request.form.get(key, "") for key in _OWN_FIELDS}
    name, code, region, subject = (given[key] for key in ("name", "type", "region", "subject"))
    values = _values_of(code, subject)
    host = desk_context().host()
    try:
        if subject:
            problems = host.define_export(name, code, subject, region, values)
        else:
            problems = host.define(name, code, given["format"], region, values)
    except (SettingsRefused, HostError) as error:
        return _refused(None, given | values, error)
    return _stored(given["name"].strip(), subject, problems)


@pages.post("/of/<path:name>")
def change(name: str) -> AnyResponse:
    """Change an import or an export; problems are shown beside their fields."""
    definition = _definition(name)
    values = _values_of(definition.import_type, definition.subject)
    if _closes() and values.items() <= definition.settings.items():
        return redirect(_what_follows(name, definition.subject), 303)
    opened = name in desk_context().open_previews()
    try:
        problems = desk_context().host().change(name, values)
    except SettingsRefused as error:
        return _refused(definition, dict(definition.settings) | values, error)
    if opened and name not in desk_context().open_previews():
        notify(page_text("preview_discarded"))
    return _stored(name, definition.subject, problems)


def _closes() -> bool:
    """Return whether the dialog is closed once its values are stored."""
    return request.form.get("then") == "close"


def _what_follows(name: str, subject: str) -> str:
    """Return the dialog that one comes from to the settings."""
    if subject:
        return exports.SUBJECTS[subject].address("ask_what_to_export", export=name)
    return url_for("imports.ask_what_to_read", format=name)


def _values_of(type_code: str, subject: str) -> dict[str, str]:
    """Read the plug-in's fields out of a form; an empty secret is left as it is."""
    return {
        field.key: request.form.get(f"field-{field.key}", "")
        for field in desk_context().host().settings_fields(type_code, subject)
        if not field.secret or request.form.get(f"field-{field.key}")
    }


def _stored(name: str, subject: str, problems: Sequence[SettingsProblem]) -> AnyResponse:
    if _closes() and not problems:
        return redirect(_what_follows(name, subject), 303)
    session["problems"] = [(p.key, own(p.message)) for p in problems]
    notify(page_text("stored"))
    return redirect(url_for(".of", name=name), 303)


def _refused(
    definition: Definition | None, values: Mapping[str, str], error: HostError
) -> AnyResponse:
    problems: Sequence[SettingsProblem] = (
        error.problems
        if isinstance(error, SettingsRefused)
        else [SettingsProblem(_field_of(error), "error", error.message)]
    )
    page = _dialog(definition, values, problems, making=definition is None)
    return make_response(page, 422)


def _field_of(error: HostError) -> str:
    """Name the field of the host's own that an error belongs beside."""
    return "type" if error.code.startswith(("IMPORT_", "EXPORT_TYPE")) else "name"


def _dialog(
    definition: Definition | None,
    values: Mapping[str, str],
    problems: Sequence[SettingsProblem] = (),
    *,
    making: bool = False,
) -> str:
    subject = definition.subject if definition else values.get("subject", "")
    if subject and subject not in exports.SUBJECTS:
        raise host_error("PAGE_UNKNOWN")
    types = _types(subject)
    code = definition.import_type if definition else values.get("type") or next(iter(types), "")
    fields: list[Field] = []
    if (definition or making) and code in types:
        described = desk_context().host().settings_fields(code, subject)
        fields = [_field(one, values, problems, new=definition is None) for one in described]
    known = {field.name for field in fields} | {"name", "type"}
    under = partial(exports.window, exports.SUBJECTS[subject]) if subject else window
    return under(
        dialog="settings",
        definitions=desk_context().definitions(subject),
        chosen=definition,
        making=making and bool(types),
        types=types,
        type=types.get(code),
        type_code=code,
        values=values,
        fields=fields,
        regions=desk_context().regions(),
        problems={key: _problems_of(key, problems) for key in ("name", "type")},
        others=[(p.severity, translated(p.message)) for p in problems if p.key not in known],
    )


def _types(subject: str) -> Mapping[str, Any]:
    """Return the types of imports, or of exports of a subject, by their codes."""
    plugins = desk_context().plugins
    if not subject:
        return plugins.import_types
    return {code: one for (code, what), one in plugins.export_types.items() if what == subject}


def _field(
    described: SettingsField,
    values: Mapping[str, str],
    problems: Sequence[SettingsProblem],
    *,
    new: bool,
) -> Field:
    value = values.get(described.key, described.default if new else "")
    kind = described.kind if described.kind in INPUTS else "text"
    return Field(
        name=described.key,
        input="secret" if described.secret else kind,
        label=translated(described.label),
        help=translated(described.help),
        value="" if described.secret else value,
        required=described.required,
        problems=_problems_of(described.key, problems),
        choices=[(one.value, translated(one.label)) for one in getattr(described, "choices", ())],
    )


def _problems_of(key: str, problems: Sequence[SettingsProblem]) -> Sequence[tuple[str, str]]:
    return [(p.severity, translated(p.message)) for p in problems if p.key == key]


# --- Settings of the office --------------------------------------------------


@pages.get("/office")
def office_settings() -> str:
    return _office_dialog(desk_context().store.settings(), {})


@pages.post("/office")
def set_office_settings() -> AnyResponse:
    """Change the settings of the office, all or none."""
    store = desk_context().store
    keys = ("default_currency", "accepted_deviation")
    given = {key: request.form.get(key, "") for key in keys}
    key = ""
    try:
        with store.change():
            for key in keys:
                store.set_setting(key, given[key])
    except HostError as error:
        # A person knows the setting by its label.
        sentence = translated(error.message).replace(key, word(key))
        return make_response(_office_dialog(given, {key: sentence}), 422)
    notify(page_text("stored"))
    return redirect(url_for(".office_settings"), 303)


def _office_dialog(values: Mapping[str, str], wrong: Mapping[str, str]) -> str:
    return window(dialog="office", values=dict(values), wrong=dict(wrong))
