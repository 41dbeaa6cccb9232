"""What goes wrong, in one sentence each, without where things lie on this machine."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from thonring.errors import DecisionError, FitError, InputError, OutputError, SettingsError, ThonringError

_STATUS: dict[type[ThonringError], int] = {
    DecisionError: 409,
    FitError: 422,
    InputError: 422,
    SettingsError: 422,
    OutputError: 503,
}


class Failure(BaseModel):
    """Why a request was not fulfilled, for people to read."""

    detail: str


ANSWERS: dict[int | str, dict[str, Any]] = {
    422: {"model": Failure, "description": "What was asked for cannot be."},
    503: {"model": Failure, "description": "The run cannot be read or written at this moment."},
}


def tell_failures(app: FastAPI, run: Path) -> None:
    """Answer to errors with a `Failure`; what is unexpected is raised anew for the server's log."""

    async def told(_: Request, problem: Exception) -> JSONResponse:
        status = next((code for kind, code in _STATUS.items() if isinstance(problem, kind)), 400)
        return _failure(status, _without_place(str(problem), run))

    async def invalid(_: Request, problem: Exception) -> JSONResponse:
        assert isinstance(problem, RequestValidationError)
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "the request"
        return _failure(422, f"{place}: {first['msg']}.")

    async def unexpected(_: Request, __: Exception) -> JSONResponse:
        return _failure(500, "something went wrong; the server's log says what.")

    app.add_exception_handler(ThonringError, told)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, unexpected)


def _failure(status: int, sentence: str) -> JSONResponse:
    readable = sentence.encode(errors="replace").decode()
    return JSONResponse({"detail": readable}, status_code=status)


def _without_place(sentence: str, run: Path) -> str:
    return sentence.replace(str(run), run.name) if len(run.parts) > 1 else sentence
