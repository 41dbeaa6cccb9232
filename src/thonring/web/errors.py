"""Errors of the JSON interface: a status code and one sentence, without paths of this machine.

Messages are written for the command line, where a path is what the user gave. An answer goes to whoever can reach the
server, and states neither where a file lies nor the path that a request asked for.
"""

import re
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from thonring.errors import DecisionError, FitError, InputError, OutputError, SettingsError, ThonringError

_STATUS_CODES: dict[type[ThonringError], int] = {
    DecisionError: 409,
    FitError: 422,
    InputError: 422,
    SettingsError: 422,
    OutputError: 503,
}


class ErrorAnswer(BaseModel):
    """A readable reason why a request was not fulfilled."""

    detail: str


ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    422: {"model": ErrorAnswer, "description": "The request cannot be fulfilled."},
    503: {"model": ErrorAnswer, "description": "The run cannot be read or written at the moment."},
}
"""For the description of every route."""


_FIELD = re.compile(r"[A-Za-z0-9_]{1,60}")
_SUBJECT = re.compile(r"/(?:[^:]|:(?! ))*/(?P<name>[^/:]+)(?=: )")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_ABSOLUTE = re.compile(r"(?<![\w/)\]])(?:~?/(?!api/)|[A-Za-z]:[\\/]|\\\\)[^\s'\",;]*[^\s'\",;:.)]")
"""A path from the root, a home or a drive; `Å/px` and `run/run.db` are none, nor are the addresses of the interface."""


def add_error_handlers(app: FastAPI, run: Path) -> None:
    """Answer errors with an `ErrorAnswer`; unexpected ones are raised again, to appear in the server's log."""

    async def known(_: Request, problem: Exception) -> JSONResponse:
        status = next((code for kind, code in _STATUS_CODES.items() if isinstance(problem, kind)), 400)
        return _answer(status, without_paths(str(problem), run))

    async def invalid(_: Request, problem: Exception) -> JSONResponse:
        assert isinstance(problem, RequestValidationError)
        first = problem.errors()[0]
        field = ".".join(_field_name(part) for part in first["loc"][1:]) or "the request"
        return _answer(422, without_paths(f"{field}: {first['msg'].removeprefix('Value error, ')}.", run))

    async def unexpected(_: Request, __: Exception) -> JSONResponse:
        return _answer(500, "something went wrong; see the server's log.")

    app.add_exception_handler(ThonringError, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, unexpected)


def _answer(status: int, sentence: str) -> JSONResponse:
    # A file name that is not valid UTF-8 cannot be written as JSON.
    readable = sentence.encode(errors="replace").decode()
    return JSONResponse({"detail": readable}, status_code=status)


def _field_name(part: str | int) -> str:
    """Name a field of a request; one that it invented is only repeated if it looks like a field."""
    text = str(part)
    return text if isinstance(part, int) or _FIELD.fullmatch(text) else "unknown field"


def without_paths(sentence: str, run: Path) -> str:
    """Shorten the run folder and a file that the sentence starts with to their names, and leave out all other paths."""
    for folder in (run.absolute(), run.resolve(), run):
        if len(folder.parts) > 1:
            sentence = sentence.replace(str(folder), folder.name)
    if subject := _SUBJECT.match(sentence):
        sentence = subject["name"] + sentence[subject.end("name") :]
    sentence = _QUOTED.sub(lambda quoted: "'…'" if _ABSOLUTE.search(quoted[0]) else quoted[0], sentence)
    return _ABSOLUTE.sub("…", sentence)
