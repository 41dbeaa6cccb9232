import math
import tomllib
from importlib import resources
from pathlib import Path

import pytest

from thonring.errors import SettingsError, UnreadableFile, UnreadableTable
from thonring.quality import CRITERIA, known_profiles, load_profile
from thonring.settings import Limit

INF = math.inf


def bounds(profile: str) -> dict[str, tuple[float, float]]:
    return {limit.criterion: (limit.at_least, limit.at_most) for limit in load_profile(profile)}


def written(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_packaged_profiles() -> None:
    assert known_profiles() == ("default", "xmipp-before", "xmipp-after", "xmipp-phase-plate")


def test_xmipp_before_is_the_published_table() -> None:
    assert bounds("xmipp-before") == {
        "xmipp_iceness": (-INF, 1.0),
        "xmipp_first_zero": (5.0, INF),
        "xmipp_maximum_frequency": (-INF, 20.0),
        "xmipp_first_zero_ratio": (-INF, 1.1),
        "xmipp_first_minimum_ratio": (-INF, 10.0),
        "xmipp_correlation_1_3": (0.0, INF),
        "xmipp_ctf_margin": (0.0, INF),
        "xmipp_non_astigmatic_validity": (0.0, 25.0),
        "xmipp_background_sigma": (1000.0, INF),
    }


def test_xmipp_after_is_the_published_table() -> None:
    assert bounds("xmipp-after") == {
        "xmipp_iceness": (-INF, 1.03),
        "xmipp_psd_correlation_90": (0.1, INF),
        "xmipp_first_zero": (5.0, INF),
        "xmipp_maximum_frequency": (-INF, 20.0),
        "xmipp_first_zero_ratio": (0.9, 1.1),
        "xmipp_first_minimum_ratio": (-INF, 10.0),
        "xmipp_correlation_1_3": (0.27, INF),
        "xmipp_ctf_margin": (1.0, INF),
        "xmipp_non_astigmatic_validity": (0.0, 6.5),
    }


def test_xmipp_phase_plate_is_the_protocols() -> None:
    assert bounds("xmipp-phase-plate") == {
        "xmipp_iceness": (-INF, 1.03),
        "xmipp_first_zero": (5.0, INF),
        "xmipp_maximum_frequency": (-INF, 20.0),
        "xmipp_first_zero_ratio": (0.9, 1.1),
        "xmipp_first_minimum_ratio": (-INF, 50.0),
        "xmipp_non_astigmatic_validity": (1e-6, 25.0),
        "xmipp_phase_shift": (-INF, 140.0),
    }


def test_every_packaged_limit_states_its_source_in_the_file() -> None:
    text = (resources.files("thonring.quality") / "limits.toml").read_text(encoding="utf-8")
    for name, profile in tomllib.loads(text).items():
        for limit in profile["limit"]:
            assert limit["source"], f"{name}: {limit['criterion']}"
    assert all(limit.reason and limit.source for name in known_profiles() for limit in load_profile(name))


def test_every_criterion_is_in_some_profile_but_the_one_of_a_start_that_is_no_default() -> None:
    used = {limit.criterion for name in known_profiles() for limit in load_profile(name)}
    assert set(CRITERIA) - used == {"network_agreement"}
    assert used < set(CRITERIA)


def test_a_users_file_stands_alone(tmp_path: Path) -> None:
    path = written(tmp_path, 'name = "mine"\n[[limit]]\ncriterion = "fit_resolution"\nat_most = 6\n')
    (limit,) = load_profile(path)
    assert (limit.at_least, limit.at_most, limit.unit) == (-INF, 6.0, "Å")
    assert limit.reason.format(value="7", limit="6", unit="Å") == "resolution of the fit: 7 Å, limit 6 Å"
    assert limit.source == f"{path} (profile 'mine')"


def test_a_users_file_extends_overrides_and_drops(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        'extends = "default"\ndrop = ["drift"]\n'
        '[[limit]]\ncriterion = "fit_resolution"\nat_most = 6\nreason = "only {value}"\n'
        '[[limit]]\ncriterion = "xmipp_iceness"\nat_most = 1.2\n',
    )
    mine, packaged = bounds(path), bounds("default")
    assert mine.pop("fit_resolution") == (-INF, 6.0)
    assert mine.pop("xmipp_iceness") == (-INF, 1.2)
    assert packaged.pop("fit_resolution") == (-INF, 10.0)
    assert packaged.pop("drift")
    assert mine == packaged
    assert Limit("fit_resolution", -INF, 6.0, "Å", "only {value}", path) in load_profile(path)


def test_what_is_not_given_is_inherited(tmp_path: Path) -> None:
    path = written(
        tmp_path, 'extends = "xmipp-after"\n[[limit]]\ncriterion = "xmipp_first_zero_ratio"\nat_most = 1.2\n'
    )
    assert bounds(path)["xmipp_first_zero_ratio"] == (0.9, 1.2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[[limit]]\ncriterion = "beauty"\nat_most = 1',
            "unknown criterion 'beauty': expected one of .*fit_resolution",
        ),
        ('extends = "default"\ndrop = ["beauty"]', "unknown criterion 'beauty'"),
        ('extends = "best"', "unknown profile 'best': expected one of default, xmipp-before"),
        ('[[limit]]\ncriterion = "drift"\nat_least = 2\nat_most = 1', "drift: at_least 2 is above at_most 1"),
        ('[[limit]]\ncriterion = "drift"\nat_least = nan', "drift: at_least nan"),
        ('[[limit]]\ncriterion = "drift"\nreason = "{valeu}"', "'{valeu}' cannot be formatted"),
        ('[[limit]]\ncriterion = "drift"\nreason = "{value:.2f}"', "without format specifiers"),
        ('name = "empty"', "has no limits, so nothing would be judged"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_profile(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("limit = [", r"mine\.toml: not TOML"),
        ('limits = "x"', r"mine\.toml: limits: Extra inputs are not permitted"),
        ("[[limit]]\nat_most = 1", r"limit\.0\.criterion: Field required"),
        ('[[limit]]\ncriterion = "drift"\nat_most = "much"', r"limit\.0\.at_most: .*found 'much'"),
    ],
)
def test_files_of_another_shape(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UnreadableTable, match=message):
        load_profile(written(tmp_path, text))


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(
        SettingsError, match=r"unknown profile 'strict': expected one of default, .*ending in \.toml"
    ):
        load_profile("strict")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"absent\.toml: cannot be read \(No such file"):
        load_profile(str(tmp_path / "absent.toml"))
