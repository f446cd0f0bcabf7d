"""Runs the programs as a user does, in a process in which waiting takes no time.

No module of the programs is imported here by name, except those that a user types.
"""

from __future__ import annotations

import argparse
import html
import http.cookiejar
import importlib.metadata
import io
import json
import os
import re
import runpy
import sys
import threading
import time
import traceback
import urllib.parse
import urllib.request

OURS = "opter-fortnox-plugin"
PLUGIN = "opter_fortnox_plugin"


def skip_waiting():
    """Make ``sleep`` return at once, and advance the monotonic clock instead."""
    slept, real = [0.0], time.monotonic

    def sleep(seconds):
        slept[0] += seconds

    time.monotonic = lambda: real() + slept[0]
    time.sleep = sleep


def read_packages_once():
    """Have every command of this process know the packages as the first one with its path did."""
    read, known = importlib.metadata.entry_points, {}

    def entry_points(**asked):
        key = *sys.path, *asked.items()
        if key not in known:
            known[key] = read(**asked)
        return known[key]

    importlib.metadata.entry_points = entry_points


def main_of(script):
    [point] = importlib.metadata.distribution(OURS).entry_points.select(
        group="console_scripts", name=script
    )
    return point.load()


# --- One command after the other -----------------------------------------------------------


def run_commands():
    skip_waiting()
    read_packages_once()
    output, hostsim = sys.stdout, main_of("hostsim")
    for line in sys.stdin:
        command = json.loads(line)
        environment = os.environ.copy()
        os.environ.update(command.get("environment", {}))
        sys.path[:0] = command["installed"]
        jobs = {"hostsim": hostsim, "plugin": plugin, "tree": tree}
        out, err, status = run_captured(
            jobs[command["program"]], command["words"], command.get("input", "")
        )
        del sys.path[: len(command["installed"])]
        os.environ.clear()
        os.environ.update(environment)
        output.write(json.dumps({"status": status, "out": out, "err": err}) + "\n")
        output.flush()


def run_captured(job, words, typed):
    streams = sys.stdin, sys.stdout, sys.stderr
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    sys.stdin, sys.stdout, sys.stderr = io.StringIO(typed), out, err
    try:
        status = job(words)
    except SystemExit as error:
        status = error.code
    except Exception:  # noqa: BLE001 - whatever happens is the answer
        traceback.print_exc()
        status = "exception"
    finally:
        sys.stdin, sys.stdout, sys.stderr = streams
    for stream in (out, err):
        stream.flush()
    return *(stream.buffer.getvalue().decode() for stream in (out, err)), status


def plugin(words):
    arguments, sys.argv = sys.argv, [PLUGIN, *words]
    try:
        runpy.run_module(PLUGIN, run_name="__main__")
    finally:
        sys.argv = arguments


# --- What can be typed ---------------------------------------------------------------------


def tree(_words):
    for line in sorted([*click_lines(), *argparse_lines()]):
        sys.stdout.write(line + "\n")


def click_lines():
    import click

    seen, make = [], click.Command.make_context

    def watched(self, *arguments, **keywords):
        seen.append(self)
        return make(self, *arguments, **keywords)

    click.Command.make_context = watched
    run_captured(main_of("hostsim"), ["--help"], "")
    click.Command.make_context = make
    root = seen[0]
    descriptions = {}
    for language in ("sv", "en"):
        with root.make_context("hostsim", ["--lang", language]) as context:
            for name, says in command_lines(root, context):
                descriptions.setdefault(name, []).append(says)
    return [f"{name} | {' | '.join(dict.fromkeys(says))}" for name, says in descriptions.items()]


def command_lines(command, context):
    import click

    path = context.command_path
    yield path, command.get_short_help_str(10_000)
    position = 0
    for param in command.get_params(context):
        label = "option " + "/".join([*param.opts, *param.secondary_opts])
        if isinstance(param, click.Argument):
            # Nobody types its name; what counts is the place.
            position += 1
            label = f"argument {position}"
        shape = [
            f"{path} | {label}",
            f"metavar {param.metavar}",
            f"takes {accepted_values(param)}",
            f"default {default_text(param.default)}",
            "required" if param.required else "optional",
            "multiple" if param.multiple else "once",
            f"nargs {param.nargs}",
        ]
        record = param.get_help_record(context) if isinstance(param, click.Option) else None
        yield " | ".join(shape), " = ".join(record) if record else ""
    for name in getattr(command, "commands", {}):
        subcommand = command.commands[name]
        with click.Context(subcommand, parent=context, info_name=name) as inner:
            yield from command_lines(subcommand, inner)


def accepted_values(param):
    choices = getattr(param.type, "choices", None)
    if choices:
        return "/".join(map(str, choices))
    if getattr(param, "is_flag", False):
        return f"flag {default_text(param.flag_value)}"
    if getattr(param, "count", False):
        return "count"
    limits = [getattr(param.type, name, None) for name in ("min", "max")]
    return " ".join(map(str, [param.type.name, *(limit for limit in limits if limit is not None)]))


def default_text(value):
    return "none" if value is None or "UNSET" in repr(value).upper() else repr(value)


def argparse_lines():
    seen, parse = [], argparse.ArgumentParser.parse_args

    def watched(self, *arguments, **keywords):
        seen.append(self)
        return parse(self, *arguments, **keywords)

    argparse.ArgumentParser.parse_args = watched
    run_captured(plugin, ["--help"], "")
    argparse.ArgumentParser.parse_args = parse
    yield from parser_lines(seen[0], f"python -m {PLUGIN}", seen[0].description)


def parser_lines(parser, path, says):
    yield f"{path} | {says}"
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            help_of = {choice.dest: choice.help for choice in action._choices_actions}
            for name, subparser in action.choices.items():
                yield from parser_lines(subparser, f"{path} {name}", help_of[name])
            continue
        shape = [
            f"{path} | {'/'.join(action.option_strings) or action.dest}",
            f"metavar {action.metavar}",
            f"takes {'flag' if action.nargs == 0 else '/'.join(action.choices or ['text'])}",
            f"default {default_text(None if action.default == '==SUPPRESS==' else action.default)}",
            "required" if action.required else "optional",
            str(action.help),
        ]
        yield " | ".join(shape)


# --- Servers, and a person at a browser ----------------------------------------------------


def serve(words):
    """Run a command that serves pages, and add ``/__rules__``, which lists its routes."""
    import flask
    import werkzeug

    wsgi_app = flask.Flask.wsgi_app

    def with_rules(self, environ, start_response):
        if environ["PATH_INFO"] != "/__rules__":
            return wsgi_app(self, environ, start_response)
        rules = [[rule.rule, sorted(rule.methods or ())] for rule in self.url_map.iter_rules()]
        return werkzeug.Response(json.dumps(rules))(environ, start_response)

    flask.Flask.wsgi_app = with_rules
    # Whoever started this closes our standard input at the end.
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    sys.exit(main_of("hostsim")(words))


def sign_in(address, user, password):
    """Submit forms like a browser until a page has none."""
    jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)
    led = urllib.request.urlopen(address, timeout=30).read().decode()
    address = html.unescape(re.search(r'content="0; url=([^"]+)"', led)[1])
    page = browser.open(address, timeout=30)
    for _step in range(5):
        text = page.read().decode()
        if "<form" not in text:
            return
        form = text[text.index("<form") : text.index("</form")]
        action = re.search(r'<form[^>]*action="([^"]*)"', form)
        fields = {"user": user, "password": password, "decision": "allow"}
        for tag in re.findall(r"<input[^>]*>", form):
            name, value = (re.search(rf'{what}="([^"]*)"', tag) for what in ("name", "value"))
            if name and value and name[1] not in fields:
                fields[name[1]] = html.unescape(value[1])
        where = urllib.parse.urljoin(page.url, html.unescape(action[1]) if action else "")
        page = browser.open(where, urllib.parse.urlencode(fields).encode(), timeout=30)


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    jobs = {"play": run_commands, "serve": lambda: serve(rest), "sign-in": lambda: sign_in(*rest)}
    jobs[what]()
