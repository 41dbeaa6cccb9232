"""What only training needs."""

from importlib.util import find_spec

from thonring.errors import ThonringError

PACKAGES = ("torch", "lightning", "tensorboard", "h5py", "onnx", "onnxscript")


def require_training(packages: tuple[str, ...] = PACKAGES) -> None:
    """Make sure that the extra `train` is installed.

    Raises
    ------
    ThonringError
        If one of its packages is missing.
    """
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise ThonringError(
            f"Training needs {', '.join(missing)}, which this installation lacks: pip install 'thonring[train]'."
        )
