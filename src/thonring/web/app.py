"""The server's application: the guard in front, the page, and the routes of the JSON interface."""

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp

from thonring.web.auth import Access, Guard
from thonring.web.errors import ANSWERS, tell_failures
from thonring.web.report.page import plotly_script
from thonring.web.routes import curate, decisions, exports, manual, micrograph, overview, table
from thonring.web.run_view import RunView

_PAGE = Path(str(files("thonring.web") / "page"))


def create_app(view: RunView, access: Access) -> ASGIApp:
    """Put the application for one run together."""
    return Guard(interface(view), access)


def interface(view: RunView) -> FastAPI:
    """Give the page and the JSON interface of a run, without the guard that must stand before them."""
    app = FastAPI(
        title="Thonring",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
    )
    tell_failures(app, view.run)
    routers = (
        overview.state_router,
        overview.router,
        decisions.router,
        table.router,
        curate.router,
        exports.router,
        micrograph.router,
        micrograph.images_router,
        manual.router,
    )
    for router in routers:
        app.include_router(router(view), prefix="/api", responses=ANSWERS)
    app.mount("/page", StaticFiles(directory=_PAGE), name="page")

    @app.get("/", include_in_schema=False)
    def index() -> FileResponse:
        return FileResponse(_PAGE / "index.html")

    @app.get("/plotly.min.js", include_in_schema=False)
    def plotly() -> FileResponse:
        return FileResponse(plotly_script())

    return app
