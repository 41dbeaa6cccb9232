"""Requests made from the interface's own description find no error of the server."""

from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from factories.stores import make_varied_run
from factories.web import BEARER, PLACE, TOKEN
from thonring.run.open import decide_in
from thonring.web.app import create_app, interface
from thonring.web.auth import Access
from thonring.web.run_view import RunView

pytestmark = [pytest.mark.slow, pytest.mark.schemas]

EXAMPLES = 25
HEADERS = {**BEARER, "content-type": "application/json"}
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
SCHEMA = schemathesis.openapi.from_dict(interface(RunView(Path("run"))).openapi())
OPERATIONS = {one.ok().label: one.ok() for one in SCHEMA.get_all_operations()}


@pytest.fixture(scope="module", autouse=True)
def _served(tmp_path_factory: pytest.TempPathFactory) -> None:
    run = make_varied_run(tmp_path_factory.mktemp("schema") / "run")
    with decide_in(run) as decisions:
        for number in range(1, 9):
            decisions.judge([number], "rejected", "Ana")
    SCHEMA.app = create_app(RunView(run), Access("127.0.0.1", 8765, TOKEN))
    for operation in OPERATIONS.values():
        operation.app = SCHEMA.app


@pytest.mark.parametrize("label", OPERATIONS)
def test_no_request_finds_an_error_of_the_server(label: str) -> None:
    @given(data=st.data())
    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    def ask(data: st.DataObject) -> None:
        case = data.draw(OPERATIONS[label].as_strategy())
        case.call_and_validate(base_url=f"http://{PLACE}", headers=HEADERS, checks=CHECKS)

    ask()
