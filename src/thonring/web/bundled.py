"""What other packages bring along for the page."""

from importlib.resources import files
from pathlib import Path


def plotly_script() -> Path:
    """Return where the script of the installed plotly lies; nothing is fetched."""
    return Path(str(files("plotly") / "package_data" / "plotly.min.js"))
