"""The settings of imports and exports, declared by the plug-ins, and those of the office.

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
from hostsim.desk.shared import desk_context, form_values, notify, translated, word
from hostsim.errors import HostError, SettingsRefused, host_error
from hostsim.ledger.values import Definition
from hostsim.messages.desk import page_text
from hostsim.messages.text import own
from hostsim.services.open_previews import office_settings_change
from opter_contract.values import SettingsField, SettingsProblem, Text

pages = Blueprint("settings", __name__, url_prefix="/settings")

#: The kinds of fields with an input of their own; any other is text.
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
    return (
        _definition_dialog(definitions[0]) if definitions else _dialog(None, {"subject": subject})
    )


@pages.get("/new")
def new() -> str:
    values = {key: request.args.get(key, "") for key in _OWN_FIELDS}
    return _dialog(None, values, is_new=True)


@pages.get("/of/<path:name>")
def edit(name: str) -> str:
    return _definition_dialog(_definition(name))


def _definition(name: str) -> Definition:
    return desk_context().store.definition(name, exports=None)


def _definition_dialog(definition: Definition) -> str:
    problems = [
        SettingsProblem(key, "warning", Text(*message))
        for key, message in session.pop("problems", [])
    ]
    return _dialog(definition, dict(definition.settings), problems)


@pages.post("/new")
def create() -> AnyResponse:
    """Define an import or an export; problems are shown beside their fields."""
    own_values = form_values(_OWN_FIELDS)
    name, code, region, subject = (own_values[key] for key in ("name", "type", "region", "subject"))
    values = _values_of(code, subject)
    host = desk_context().host()
    try:
        if subject:
            problems = host.define_export(name, code, subject, region, values)
        else:
            problems = host.define(name, code, own_values["format"], region, values)
    except HostError as error:
        return _refusal_page(None, own_values | values, error)
    return _next_page(name.strip(), subject, problems)


@pages.post("/of/<path:name>")
def change(name: str) -> AnyResponse:
    """Change an import or an export; problems are shown beside their fields."""
    definition = _definition(name)
    values = _values_of(definition.import_type, definition.subject)
    if _closes_when_stored() and values.items() <= definition.settings.items():
        return redirect(_previous_dialog(name, definition.subject), 303)
    was_open = name in desk_context().open_previews()
    try:
        problems = desk_context().host().change(name, values)
    except SettingsRefused as error:
        return _refusal_page(definition, dict(definition.settings) | values, error)
    if was_open and name not in desk_context().open_previews():
        notify(page_text("preview_discarded"))
    return _next_page(name, definition.subject, problems)


def _closes_when_stored() -> bool:
    """Return whether the dialog is closed once its values are stored."""
    return request.form.get("then") == "close"


def _previous_dialog(name: str, subject: str) -> str:
    """Return the URL of the dialog that leads to the settings."""
    if subject:
        return exports.SUBJECTS[subject].url("ask_what_to_export", export=name)
    return url_for("imports.ask_what_to_read", format=name)


def _values_of(type_code: str, subject: str) -> dict[str, str]:
    """Return the values of the plug-in's fields in the form; an empty secret stays unchanged."""
    return {
        field.key: request.form.get(f"field-{field.key}", "")
        for field in desk_context().host().settings_fields(type_code, subject)
        if not field.secret or request.form.get(f"field-{field.key}")
    }


def _next_page(name: str, subject: str, problems: Sequence[SettingsProblem]) -> AnyResponse:
    if _closes_when_stored() and not problems:
        return redirect(_previous_dialog(name, subject), 303)
    session["problems"] = [(p.key, own(p.message)) for p in problems]
    notify(page_text("stored"))
    return redirect(url_for(".edit", name=name), 303)


def _refusal_page(
    definition: Definition | None, values: Mapping[str, str], error: HostError
) -> AnyResponse:
    problems: Sequence[SettingsProblem] = (
        error.problems
        if isinstance(error, SettingsRefused)
        else [SettingsProblem(_field_of(error), "error", error.message)]
    )
    page = _dialog(definition, values, problems, is_new=definition is None)
    return make_response(page, 422)


def _field_of(error: HostError) -> str:
    """Return the host's own field that an error belongs to."""
    return "type" if error.code.startswith(("IMPORT_", "EXPORT_TYPE")) else "name"


def _dialog(
    definition: Definition | None,
    values: Mapping[str, str],
    problems: Sequence[SettingsProblem] = (),
    *,
    is_new: bool = False,
) -> str:
    subject = definition.subject if definition else values.get("subject", "")
    if subject and subject not in exports.SUBJECTS:
        raise host_error("PAGE_UNKNOWN")
    types = _types(subject)
    code = definition.import_type if definition else values.get("type") or next(iter(types), "")
    fields: list[Field] = []
    if (definition or is_new) and code in types:
        try:
            declarations = desk_context().host().settings_fields(code, subject)
        except HostError as error:
            # The others can be chosen all the same; this one is refused when it is to be stored.
            declarations = []
            problems = [*problems, SettingsProblem("", "error", error.message)]
        fields = [_field(d, values, problems, new=definition is None) for d in declarations]
    names = {field.name for field in fields} | {"name", "type"}
    show_window = partial(exports.window, exports.SUBJECTS[subject]) if subject else window
    return show_window(
        dialog="settings",
        definitions=desk_context().definitions(subject),
        chosen=definition,
        is_new=is_new and bool(types),
        types=types,
        type=types.get(code),
        type_code=code,
        values=values,
        fields=fields,
        regions=desk_context().regions(),
        problems={key: _problems_of(key, problems) for key in ("name", "type")},
        other_problems=[
            (p.severity, translated(p.message)) for p in problems if p.key not in names
        ],
    )


def _types(subject: str) -> Mapping[str, Any]:
    """Return the types of imports, or of exports of a subject, by their codes."""
    plugins = desk_context().plugins
    if not subject:
        return plugins.import_types
    return {code: kind for (code, s), kind in plugins.export_types.items() if s == subject}


def _field(
    declaration: SettingsField,
    values: Mapping[str, str],
    problems: Sequence[SettingsProblem],
    *,
    new: bool,
) -> Field:
    value = values.get(declaration.key, declaration.default if new else "")
    kind = declaration.kind if declaration.kind in INPUTS else "text"
    return Field(
        name=declaration.key,
        input="secret" if declaration.secret else kind,
        label=translated(declaration.label),
        help=translated(declaration.help),
        value="" if declaration.secret else value,
        required=declaration.required,
        problems=_problems_of(declaration.key, problems),
        choices=[(c.value, translated(c.label)) for c in declaration.choices],
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
    store, key = desk_context().store, ""
    values = form_values(("default_currency", "accepted_deviation"))
    try:
        with office_settings_change(store):
            for key, value in values.items():
                store.set_setting(key, value)
    except HostError as error:
        # A person knows the setting by its label.
        sentence = translated(error.message).replace(key, word(key))
        return make_response(_office_dialog(values, {key: sentence}), 422)
    notify(page_text("stored"))
    return redirect(url_for(".office_settings"), 303)


def _office_dialog(values: Mapping[str, str], wrong: Mapping[str, str]) -> str:
    return window(dialog="office", values=dict(values), wrong=dict(wrong))
