"""Errors of the JSON interface: a status code and one sentence, without paths of this machine."""

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


def add_error_handlers(app: FastAPI, run: Path) -> None:
    """Answer errors with an `ErrorAnswer`; unexpected ones are raised again, to appear in the server's log."""

    async def known(_: Request, problem: Exception) -> JSONResponse:
        status = next((code for kind, code in _STATUS_CODES.items() if isinstance(problem, kind)), 400)
        return _answer(status, _without_folder(str(problem), run))

    async def invalid(_: Request, problem: Exception) -> JSONResponse:
        assert isinstance(problem, RequestValidationError)
        first = problem.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:]) or "the request"
        return _answer(422, f"{field}: {first['msg']}.")

    async def unexpected(_: Request, __: Exception) -> JSONResponse:
        return _answer(500, "something went wrong; see the server's log.")

    app.add_exception_handler(ThonringError, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, unexpected)


def _answer(status: int, sentence: str) -> JSONResponse:
    # A file name that is not valid UTF-8 cannot be written as JSON.
    readable = sentence.encode(errors="replace").decode()
    return JSONResponse({"detail": readable}, status_code=status)


def _without_folder(sentence: str, run: Path) -> str:
    return sentence.replace(str(run), run.name) if len(run.parts) > 1 else sentence
