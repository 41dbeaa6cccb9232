"""Files damaged in ten ways among intact ones, estimated by the command with two workers."""

import pytest

from benchmarks.lib.damaged_inputs import DAMAGES
from benchmarks.runtime.damaged import InputResult, RunEnd, estimate_inputs

pytestmark = pytest.mark.slow

INTACT, OF_EACH = 3, 2


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[InputResult], RunEnd]:
    return estimate_inputs(tmp_path_factory.mktemp("damaged"), INTACT, OF_EACH, workers=2)


def test_intact_files_are_estimated_correctly(run: tuple[list[InputResult], RunEnd]) -> None:
    intact = [one for one in run[0] if not one.input.damage]
    assert [one.is_correct for one in intact] == [True] * INTACT


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_fail_with_a_helpful_reason(run: tuple[list[InputResult], RunEnd], damage: str) -> None:
    damaged = [one for one in run[0] if one.input.damage == damage]
    assert len(damaged) == OF_EACH
    for one in damaged:
        assert one.is_explained, (one.status, one.reason)


def test_the_run_ends_by_itself(run: tuple[list[InputResult], RunEnd]) -> None:
    end = run[1]
    assert end.exit_code == 1, end.output
    assert "Traceback" not in end.output
