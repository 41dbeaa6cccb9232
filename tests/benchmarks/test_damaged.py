"""Files damaged in ten ways among whole ones, through the whole command on two processes."""

import pytest

from damaged import Ended, Found, estimated
from damaged_inputs import DAMAGES

WHOLE, OF_EACH = 3, 2


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Found], Ended]:
    return estimated(tmp_path_factory.mktemp("damaged"), WHOLE, OF_EACH, workers=2)


def test_whole_ones_come_out_right(ended: tuple[list[Found], Ended]) -> None:
    whole = [one for one in ended[0] if not one.input.kind]
    assert [one.right for one in whole] == [True] * WHOLE


@pytest.mark.parametrize("kind", DAMAGES)
def test_damaged_ones_fail_and_are_told_why(ended: tuple[list[Found], Ended], kind: str) -> None:
    damaged = [one for one in ended[0] if one.input.kind == kind]
    assert len(damaged) == OF_EACH
    for one in damaged:
        assert one.told, (one.status, one.reason)


def test_the_run_ends_by_itself(ended: tuple[list[Found], Ended]) -> None:
    run = ended[1]
    assert run.code == 1, run.output
    assert "Traceback" not in run.output
