"""Replay: official addresses answered from files, as an index file says.

An index maps templates of addresses to files and says how each file is wrapped. A request that no
entry answers is an error: a recording never guesses. Everything that the index names is checked
when it is read, so that a wrong path is found before the first request.

Belongs here: the index file, matching of addresses, the transport. Does not belong here: how a
body is made (`replay_bodies`, `replay_worldbank`), which requests a source plans.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx2 as httpx
import yaml

from pipelines.errors import ClusterkpiError, ConfigError
from pipelines.http import replay_bodies, replay_worldbank
from pipelines.http.replay_bodies import PLACEHOLDER, Body, EntryProblem, NotRecorded, Options
from pipelines.settings import Settings

INDEX_VERSION = 1
BODY_KINDS: dict[str, replay_bodies.BodyReader] = {
    "file": replay_bodies.read_file_body,
    "gunzip": replay_bodies.read_gunzip_body,
    "zip": replay_bodies.read_zip_body,
    "table": replay_bodies.read_table_body,
    "status": replay_bodies.read_status_body,
    "worldbank_sources": replay_worldbank.read_sources_body,
    "worldbank_economies": replay_worldbank.read_economies_body,
    "worldbank_series": replay_worldbank.read_series_body,
}
_TOP_KEYS = ("version", "description", "licence_notes", "variables", "settings", "entries")
_TYPES = ("text", "date", "folder")
# A recording prescribes what is asked for, never where state lives or what runs on this machine.
_NOT_FOR_AN_INDEX = frozenset(
    {
        "home",
        "profile",
        "replay_vars",
        "failure_command",
        "failure_webhook",
        "comtrade_key",
        "accept_non_commercial",
    }
)
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class ReplayIndexError(ConfigError, ValueError):
    """An index, or a file that it names, is not usable."""


class UnrecordedUrl(ClusterkpiError, LookupError):
    """A request that the recording holds no answer to."""


@dataclass(frozen=True)
class UrlTemplate:
    """An address with `{placeholders}`; the order of different query keys does not count."""

    text: str
    base: re.Pattern[str]
    query: tuple[tuple[str, re.Pattern[str]], ...]

    @classmethod
    def parse(cls, text: str) -> UrlTemplate:
        """Read a template; a placeholder that occurs again has to stand for the same text."""
        base, _, query = text.partition("?")
        pairs = [pair.partition("=") for pair in query.split("&") if pair]
        if not re.match(r"https?://[^/{}]+/", base):
            raise EntryProblem("url", f"{text!r} is no full address", "write https://host/path")
        pairs.sort(key=lambda pair: pair[0])  # stable: a key that is repeated keeps its order
        # httpx tells the path decoded: `%20` of a template is the blank that it stands for
        return cls(
            text, _pattern(unquote(base)), tuple((key, _pattern(value)) for key, _, value in pairs)
        )

    @property
    def placeholders(self) -> frozenset[str]:
        return frozenset(PLACEHOLDER.findall(self.text))

    def match(self, url: httpx.URL) -> dict[str, str] | None:
        """What the placeholders stand for; None if this is another address."""
        query = sorted(url.params.multi_items(), key=lambda item: item[0])
        found = self.base.fullmatch(f"{url.scheme}://{url.netloc.decode('ascii')}{url.path}")
        if not found or [k for k, _ in query] != [k for k, _ in self.query]:
            return None
        captured = found.groupdict()
        for (_, value), (_, pattern) in zip(query, self.query, strict=True):
            part = pattern.fullmatch(value)
            if not part:
                return None
            for name, text in part.groupdict().items():
                if captured.setdefault(name, text) != text:
                    return None
        return captured


def _pattern(template: str) -> re.Pattern[str]:
    pieces, seen, end = [], set(), 0
    for hole in PLACEHOLDER.finditer(template):
        name = hole[1]
        pieces.append(re.escape(template[end : hole.start()]))
        pieces.append(f"(?P={name})" if name in seen else f"(?P<{name}>[^/?&#]+?)")
        seen.add(name)
        end = hole.end()
    return re.compile("".join(pieces) + re.escape(template[end:]))


@dataclass(frozen=True)
class Entry:
    """One answer of a recording."""

    number: int
    template: UrlTemplate
    body: Body


@dataclass(frozen=True)
class ReplayIndex:
    """A recording, checked and ready to answer.

    Attributes:
        path: the index file.
        description: what is native, rebuilt or partial; readers of a release get to see it.
        licence_notes: one sentence for each owner of figures.
        settings: what the recording prescribes, by name of the setting.
        entries: answers in the order in which they are tried.
        realm: figures of a recording are official ones.
    """

    path: Path
    description: str
    licence_notes: tuple[str, ...]
    settings: Mapping[str, Any]
    entries: tuple[Entry, ...]
    realm: str = field(default="official", init=False)


class ReplayTransport(httpx.BaseTransport):
    """Answers requests from a recording; contacts nobody."""

    def __init__(self, index: ReplayIndex) -> None:
        self._index = index

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the first entry whose template fits.

        Raises:
            UnrecordedUrl: no entry fits, or the one that fits does not hold this address.
            ReplayIndexError: a file behind the entry turned out to be unusable.
        """
        for entry in self._index.entries:
            captured = entry.template.match(request.url)
            if captured is None:
                continue
            try:
                return entry.body.respond(request, captured)
            except NotRecorded as gap:
                raise UnrecordedUrl(
                    f"{request.url} is not recorded: entry {entry.number} of {self._index.path} "
                    f"({entry.template.text}) would answer it, but {gap}; record it, or choose "
                    "settings that do not ask for it"
                ) from gap
            except EntryProblem as problem:
                raise _error(self._index.path, entry.number, problem) from problem
            except OSError as error:
                problem = EntryProblem("body", f"cannot be read ({error})", "restore the file")
                raise _error(self._index.path, entry.number, problem) from error
        raise UnrecordedUrl(self._no_entry(request.url))

    def _no_entry(self, url: httpx.URL) -> str:
        templates = [entry.template.text for entry in self._index.entries]
        nearest = difflib.get_close_matches(str(url), templates, n=3, cutoff=0.0)
        return (
            f"{url} is not recorded in {self._index.path}; the nearest entries are "
            f"{' , '.join(nearest) or '(there are none)'}; add an entry for it, or choose settings "
            "that do not ask for it"
        )


def load_index(path: Path, variables: Mapping[str, str]) -> ReplayIndex:
    """Read and check an index file.

    Args:
        path: the index; relative paths inside it start at its folder.
        variables: values for the `${variables}` that the index declares.

    Returns:
        The recording. Everything that it names exists.

    Raises:
        ReplayIndexError: says which file, entry and key is wrong, and what to do.
    """
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ReplayIndexError(f"{path}: cannot be read ({error}); name an index file") from error
    except yaml.YAMLError as error:
        at = getattr(error, "problem_mark", None)
        where = f", line {at.line + 1}, column {at.column + 1}" if at else ""
        what = getattr(error, "problem", None) or str(error)
        raise ReplayIndexError(f"{path}{where}: no valid YAML: {what}; correct it") from error
    try:
        return _index(path, loaded, variables)
    except EntryProblem as problem:
        raise _error(path, None, problem) from problem


def _index(path: Path, loaded: object, given: Mapping[str, str]) -> ReplayIndex:
    top = Options(_mapping("(the file)", loaded), path.resolve().parent, frozenset())
    top.allow(*_TOP_KEYS)
    version = top.values.get("version")
    if version != INDEX_VERSION:
        raise EntryProblem("version", f"is {version!r}", f"this program reads {INDEX_VERSION}")
    values = _variables(_mapping("variables", top.values.get("variables") or {}), given)
    notes = top.values.get("licence_notes") or []
    if not (isinstance(notes, list) and all(isinstance(note, str) for note in notes)):
        raise EntryProblem("licence_notes", "is no list of texts", "write one line for each owner")
    entries = top.values.get("entries")
    if not (isinstance(entries, list) and entries):
        raise EntryProblem("entries", "is no list, or empty", "list at least one entry")
    return ReplayIndex(
        path=path,
        description=" ".join(top.text("description").split()),
        licence_notes=tuple(notes),
        settings=_settings(_mapping("settings", top.values.get("settings") or {})),
        entries=tuple(
            _entry(path, number, entry, top.folder, values)
            for number, entry in enumerate(entries, start=1)
        ),
    )


def _entry(
    path: Path, number: int, loaded: object, folder: Path, variables: Mapping[str, str]
) -> Entry:
    try:
        filled = _filled("", _mapping("(the entry)", loaded), variables)
        plain = Options(filled, folder, frozenset())
        template = UrlTemplate.parse(plain.text("url"))
        kind = "status" if "status" in filled and "body" not in filled else plain.text("body")
        if kind not in BODY_KINDS:
            close = difflib.get_close_matches(kind, BODY_KINDS, n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise EntryProblem(
                "body", f"{kind!r} is no kind of body", f"{hint}use one of {', '.join(BODY_KINDS)}"
            )
        rest = {key: value for key, value in filled.items() if key not in ("url", "body")}
        body = BODY_KINDS[kind](Options(rest, folder, template.placeholders))
        return Entry(number, template, body)
    except EntryProblem as problem:
        raise _error(path, number, problem) from problem


def _variables(declared: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    for name in given:
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise EntryProblem(
                f"variables.{name}", "is given, but the index does not declare it",
                f"correct the name; declared: {known}",
            )  # fmt: skip
    values = {}
    for name, loaded in declared.items():
        rule = Options(_mapping(f"variables.{name}", loaded), Path(), frozenset(),
                       f"variables.{name}.")  # fmt: skip
        rule.allow("type", "default", "help")
        kind = rule.text("type", "text")
        if kind not in _TYPES:
            raise EntryProblem(rule.key("type"), f"is {kind!r}", f"use one of {', '.join(_TYPES)}")
        value = given.get(name, rule.values.get("default"))
        if value is None:
            meaning = f" ({rule.text('help')})" if "help" in rule.values else ""
            raise EntryProblem(
                f"variables.{name}", f"has no value{meaning}",
                f"give it, for example CLUSTERKPI_REPLAY_VARS='{{\"{name}\": \"…\"}}'",
            )  # fmt: skip
        values[name] = _checked(name, kind, value)
    return values


def _checked(name: str, kind: str, value: object) -> str:
    key = f"variables.{name}"
    text = value.isoformat() if isinstance(value, date) else value
    if not isinstance(text, str):
        raise EntryProblem(key, f"is {value!r}, not a text", "put it in quotes")
    if kind == "date":
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise EntryProblem(key, f"{text!r} is no date", "write it as 2026-04-01") from None
    if kind == "folder":
        folder = Path(text).expanduser().absolute()  # as typed on a command line, not by the index
        if not folder.is_dir():
            raise EntryProblem(key, f"there is no folder {folder}", "correct the path")
        return str(folder)
    return text


def _settings(given: Mapping[str, Any]) -> dict[str, Any]:
    allowed = set(Settings.model_fields) - _NOT_FOR_AN_INDEX
    for name in given:
        if name not in allowed:
            close = difflib.get_close_matches(str(name), allowed, n=1)
            advice = f"did you mean {close[0]}?" if close else "remove it"
            raise EntryProblem(f"settings.{name}", "is no setting that an index may set", advice)
    return dict(given)


def _filled(key: str, value: Any, variables: Mapping[str, str]) -> Any:
    """Replace `${name}` in all texts and keys below `value`."""
    if isinstance(value, Mapping):
        return {
            _filled(key, name, variables): _filled(
                f"{key}.{name}" if key else str(name), inner, variables
            )
            for name, inner in value.items()
        }
    if not isinstance(value, str):
        return value
    for name in _VARIABLE.findall(value):
        if name not in variables:
            known = ", ".join(variables) or "none"
            raise EntryProblem(
                key, f"uses ${{{name}}}, which is not declared",
                f"declare it under `variables` or correct the name; declared: {known}",
            )  # fmt: skip
    return _VARIABLE.sub(lambda hole: variables[hole[1]], value)


def _mapping(key: str, value: object) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    raise EntryProblem(key, f"is {value!r}"[:120], "write keys and values (`key: value`)")


def _error(path: Path, number: int | None, problem: EntryProblem) -> ReplayIndexError:
    where = f"{path}: entry {number}" if number is not None else str(path)
    return ReplayIndexError(f"{where}: `{problem.key}`: {problem.wrong}; {problem.advice}")
