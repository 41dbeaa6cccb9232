"""The server's application: the page and the routes of the JSON interface, behind the checks of every request."""

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp

from thonring.web.auth import Access, AuthMiddleware
from thonring.web.errors import ERROR_RESPONSES, add_error_handlers
from thonring.web.report.page import plotly_script
from thonring.web.routes import curate, decisions, exports, manual, micrograph, overview, table
from thonring.web.run_view import RunView

_PAGE = Path(str(files("thonring.web") / "page"))


def create_app(view: RunView, access: Access) -> ASGIApp:
    """Create the application that serves one run."""
    return AuthMiddleware(interface(view), access)


def interface(view: RunView) -> FastAPI:
    """Create the page and the JSON interface of a run, without the checks of requests that must precede them."""
    app = FastAPI(
        title="Thonring",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
    )
    add_error_handlers(app, view.run)
    for routes in (overview, decisions, table, curate, exports, micrograph, manual):
        app.include_router(routes.router(view), prefix="/api", responses=ERROR_RESPONSES)
    app.mount("/page", StaticFiles(directory=_PAGE), name="page")

    @app.get("/", include_in_schema=False)
    def index() -> FileResponse:
        return FileResponse(_PAGE / "index.html")

    @app.get("/plotly.min.js", include_in_schema=False)
    def plotly() -> FileResponse:
        return FileResponse(plotly_script())

    return app
