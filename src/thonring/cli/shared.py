"""Options that several commands have, declared once."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from inspect import Parameter, Signature
from typing import Any


def with_shared_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command of typer in which each parameter that is a dataclass is replaced by its fields.

    Each of those is an option as if the command itself declared it, where it stood; what the user gave comes to
    `command` as the dataclass. All parameters are keywords.
    """
    own = inspect.signature(command).parameters.values()

    def expanded(**given: Any) -> None:  # noqa: ANN401 - whatever the options are
        return command(**{parameter.name: _taken(parameter, given) for parameter in own})

    shown = [one for parameter in own for one in _options(parameter)]
    expanded.__name__, expanded.__doc__ = command.__name__, command.__doc__
    expanded.__annotations__ = {one.name: one.annotation for one in shown}
    vars(expanded)["__signature__"] = Signature(shown)
    return expanded


def _options(parameter: Parameter) -> Iterator[Parameter]:
    kind = parameter.annotation
    if isinstance(kind, type) and is_dataclass(kind):
        yield from inspect.signature(kind).parameters.values()
    else:
        yield parameter


def _taken(parameter: Parameter, given: dict[str, Any]) -> object:
    kind = parameter.annotation
    if isinstance(kind, type) and is_dataclass(kind):
        return kind(**{field.name: given[field.name] for field in fields(kind)})
    return given[parameter.name]
