"""The server's application: the guard in front, the page, and the routes of the JSON interface."""

import logging
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles

from thonring.errors import DecisionError, FitError, InputError, OutputError, SettingsError, ThonringError
from thonring.web.access import Access, Guard
from thonring.web.routes import decisions, manual, micrograph, seen, state
from thonring.web.run_view import RunView

_PAGE = Path(str(files("thonring.web") / "page"))
_STATUS: dict[type[ThonringError], int] = {
    DecisionError: 409,
    FitError: 422,
    InputError: 422,
    SettingsError: 422,
    OutputError: 503,
}
_log = logging.getLogger(__name__)


def create_app(view: RunView, access: Access) -> FastAPI:
    """Put the application for one run together."""
    app = FastAPI(title="Thonring", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    app.add_middleware(Guard, access=access)
    app.add_exception_handler(ThonringError, _told)
    app.add_exception_handler(Exception, _unexpected)
    for routes in (state, decisions, micrograph, seen, manual):
        app.include_router(routes.router(view), prefix="/api")
    app.mount("/page", StaticFiles(directory=_PAGE), name="page")

    @app.get("/", include_in_schema=False)
    def index() -> FileResponse:
        return FileResponse(_PAGE / "index.html")

    @app.get("/plotly.min.js", include_in_schema=False)
    def plotly() -> FileResponse:
        return FileResponse(plotly_script(), headers={"cache-control": "max-age=86400"})

    return app


def plotly_script() -> Path:
    """Return where the script of the installed plotly lies; nothing is fetched."""
    return Path(str(files("plotly") / "package_data" / "plotly.min.js"))


async def _told(_: Request, problem: Exception) -> JSONResponse:
    status = next((code for kind, code in _STATUS.items() if isinstance(problem, kind)), 400)
    return JSONResponse({"detail": str(problem)}, status_code=status)


async def _unexpected(_: Request, problem: Exception) -> JSONResponse:
    _log.error("unexpected error", exc_info=problem)
    return JSONResponse({"detail": "something went wrong; the server's log says what."}, status_code=500)
