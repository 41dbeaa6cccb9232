"""The server's application: the guard in front, the page, and the routes of the JSON interface."""

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from thonring.web.access import Access, Guard
from thonring.web.failures import ANSWERS, tell_failures
from thonring.web.routes import decisions, manual, micrograph, seen, state
from thonring.web.run_view import RunView

_PAGE = Path(str(files("thonring.web") / "page"))


def create_app(view: RunView, access: Access) -> FastAPI:
    """Put the application for one run together."""
    app = FastAPI(title="Thonring", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    app.add_middleware(Guard, access=access)
    tell_failures(app, view.run)
    for routes in (state, decisions, micrograph, seen, manual):
        app.include_router(routes.router(view), prefix="/api", responses=ANSWERS)
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
