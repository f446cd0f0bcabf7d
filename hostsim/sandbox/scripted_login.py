"""A login without a browser, for the demonstration and for tests.

It acts as a person with a browser: opens a URL, fills in and submits the
forms, and follows the redirects.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from urllib.request import url2pathname

import requests

TIMEOUT_SECONDS = 30.0


class ScriptedLoginError(Exception):
    """The login could not be completed."""


#: The form of a page of the sandbox.
_FORM = re.compile(
    r'<form method="post" action="(?P<action>[^"]+)">\s*'
    r'<input type="hidden" name="ticket" value="(?P<ticket>[^"]+)">'
)
_COMPANY = re.compile(r'name="company"[^>]* value="([0-9]+)"')


def sign_in(
    url: str,
    user: str,
    password: str,
    session: requests.Session | None = None,
    *,
    company: int | str | None = None,
) -> str:
    """Sign in, choose a company, consent, and follow the redirect to the program.

    :param url: the authorization URL of the program.
    :param user: name at Fortnox.
    :param password: password at Fortnox.
    :param session: the browser; by default a new one.
    :param company: the number to choose if there are several; ``None`` for the first.
    :return: the text of the last page, which is the program's.

    Raises :class:`ScriptedLoginError` if a page does not lead on, and ``requests``' own
    errors if there is no response.
    """
    with _browser(session) as browser:
        callback = _follow_forms(browser, url, user, password, decision="allow", company=company)
        return _text(browser.get(callback, timeout=TIMEOUT_SECONDS))


def refuse(url: str, user: str, password: str) -> str:
    """Sign in, refuse the consent, and return the text of the last page."""
    with _browser() as browser:
        callback = _follow_forms(browser, url, user, password, decision="refuse")
        return _text(browser.get(callback, timeout=TIMEOUT_SECONDS))


def callback_url(url: str, user: str, password: str, *, company: int | str | None = None) -> str:
    """Sign in and consent, but return the callback URL instead of following it."""
    with _browser() as browser:
        return _follow_forms(browser, url, user, password, decision="allow", company=company)


def _browser(session: requests.Session | None = None) -> requests.Session:
    browser = session or requests.Session()
    # Proxies and .netrc do not apply to the sandbox.
    browser.trust_env = False
    browser.headers["Sec-Fetch-Dest"] = "document"  # it is a person's
    return browser


def _follow_forms(
    browser: requests.Session,
    url: str,
    user: str,
    password: str,
    *,
    decision: str,
    company: int | str | None = None,
) -> str:
    """Submit form after form until a page redirects; return that URL."""
    page = browser.get(_resolve_url(url), timeout=TIMEOUT_SECONDS, allow_redirects=False)
    for _step in range(5):
        if page.is_redirect:
            return urljoin(page.url, page.headers["Location"])
        form, page_url = _FORM.search(page.text), page.url.partition("?")[0]
        if form is None:
            raise ScriptedLoginError(
                f"{page_url} answered {page.status_code} without a form to fill in"
            )
        action = urljoin(page.url, form["action"])
        fields = {"ticket": form["ticket"]}
        if action.endswith("/login"):
            fields |= {"user": user, "password": password}
        elif offered := _COMPANY.search(page.text):
            fields["company"] = offered[1] if company is None else str(company)
        else:
            fields["decision"] = decision
        page = browser.post(action, data=fields, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    raise ScriptedLoginError(f"the login goes round in circles at {page.url.partition('?')[0]}")


def _resolve_url(url: str) -> str:
    """Return the URL, or the target of the local file that a program wrote for the browser."""
    if not url.startswith("file:"):
        return url
    text = Path(url2pathname(urlsplit(url).path)).read_text("utf-8")
    match = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', text)
    if match is None:
        raise ScriptedLoginError("the file leads nowhere")
    return html.unescape(match[1])


def _text(page: requests.Response) -> str:
    """Decode a page as browsers do today: UTF-8 unless it says otherwise."""
    if "charset" not in page.headers.get("Content-Type", ""):
        page.encoding = "utf-8"
    return page.text
