"""Sentences in general: both languages, and lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from opter_contract.values import Text

#: The languages that every sentence exists in; the first is the default.
LANGUAGES = ("sv", "en")

#: So many payments are named in one sentence.
MAX_NAMES = 5

#: So many names are listed where one of them is to be chosen.
MAX_LISTED = 20


def some_of(names: Sequence[str]) -> str:
    """Join the first names of a list that may be long."""
    more = ["…"] if len(names) > MAX_LISTED else []
    return ", ".join([*names[:MAX_LISTED], *more])


def say(text: Text, language: str) -> str:
    """Return the sentence in one language; anything but ``en`` is Swedish."""
    return text.en if language == "en" else text.sv


class Template(Text):
    """A sentence with named fields in braces; called with their values, it returns the sentence.

    A value may itself be a :class:`Text`; each language then takes its own.
    """

    __slots__ = ()

    def __call__(self, **values: object) -> Text:
        return Text(self.sv.format_map(_in("sv", values)), self.en.format_map(_in("en", values)))


def _in(language: str, values: Mapping[str, object]) -> dict[str, object]:
    return {
        name: say(value, language) if isinstance(value, Text) else value
        for name, value in values.items()
    }


def own(text: Text) -> Text:
    """Copy a sentence that a plug-in made into one of ours."""
    return Text(text.sv, text.en)


def joined(sentences: Iterable[Text]) -> Text | None:
    """Join sentences into one text; ``None`` when there are none."""
    texts = list(sentences)
    if not texts:
        return None
    *before, last = texts
    ended = [Text(*(f"{sentence.removesuffix('.')}." for sentence in text)) for text in before]
    return listed([*ended, last], " ")


def listed(texts: Iterable[Text], separator: str = ", ") -> Text:
    """Join texts as they are."""
    pairs = [(text.sv, text.en) for text in texts]
    return Text(separator.join(sv for sv, _ in pairs), separator.join(en for _, en in pairs))


#: The warning that a plug-in failed after its settings were stored.
SETTINGS_NOT_FOLLOWED = Text(
    "Inställningarna är sparade, men insticksprogrammet kunde inte följa upp dem. Meddela den som "
    "utvecklar det.",
    "The settings are stored, but the plug-in could not follow them up. Tell its developer.",
)
