"""Recipes: laid one over the other, and refused with a message that says what and where."""

from pathlib import Path

import pytest

from thonring.errors import SettingsError, ThonringError, UnreadableFile, UnreadableTable
from thonring.simulate import DEFECTS, known_recipes, load_recipe


def written(folder: Path, text: str, name: str = "mine.toml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_packaged_recipes_are_valid() -> None:
    assert set(known_recipes()) >= {"session", "corrections"}
    for name in known_recipes():
        assert set(load_recipe(name).defects) == set(DEFECTS) - {"none"}


def test_session_is_what_one_gets() -> None:
    assert load_recipe() == load_recipe("session")


def test_a_packaged_recipe_extends_another() -> None:
    session, corrections = load_recipe("session"), load_recipe("corrections")
    assert corrections.ctf.defocus_A != session.ctf.defocus_A
    assert corrections.specimen == session.specimen


def test_a_file_states_only_what_differs(tmp_path: Path) -> None:
    path = written(tmp_path, "size = 1000\n[ctf]\ndefocus_A = [8000, 9000]\n[defects.drift]\nweight = 5\n")
    mine, session = load_recipe(path), load_recipe()
    assert (mine.size, mine.ctf.defocus_A, mine.defects["drift"].weight) == (1000, (8000, 9000), 5)
    assert mine.defects["drift"].dose == session.defects["drift"].dose
    assert mine.ctf.model_copy(update={"defocus_A": session.ctf.defocus_A}) == session.ctf
    assert mine.detector == session.detector


def test_an_empty_file_is_session(tmp_path: Path) -> None:
    assert load_recipe(written(tmp_path, "")) == load_recipe()


def test_a_single_number_is_a_range_of_one_value(tmp_path: Path) -> None:
    assert load_recipe(written(tmp_path, "[microscope]\npixel_A = 1\n")).microscope.pixel_A == (1, 1)


def test_a_file_extends_the_recipe_it_names(tmp_path: Path) -> None:
    path = written(tmp_path, 'extends = "corrections"\nsize = 512\n')
    assert load_recipe(path) == load_recipe("corrections").model_copy(update={"size": 512})


def test_a_file_extends_one_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the program was started."""
    written(tmp_path, "size = 300\ndefective_share = 0.5\n", "base.toml")
    path = written(tmp_path, 'extends = "base.toml"\nsize = 400\n')
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert (load_recipe(path).size, load_recipe(path).defective_share) == (400, 0.5)


@pytest.mark.parametrize("name", ["sessions", "", "recipe.yaml"])
def test_an_unknown_name(name: str) -> None:
    with pytest.raises(
        SettingsError, match=r"unknown recipe .*: expected one of corrections, session, .*or a file"
    ):
        load_recipe(name)


def test_an_unknown_name_to_extend(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="unknown recipe 'seson'"):
        load_recipe(written(tmp_path, 'extends = "seson"\n'))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"none\.toml: cannot be read \(No such file"):
        load_recipe(str(tmp_path / "none.toml"))


def test_a_missing_file_to_extend(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"base\.toml: cannot be read"):
        load_recipe(written(tmp_path, 'extends = "base.toml"\n'))


def test_a_folder_is_no_recipe(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(UnreadableFile, match="cannot be read"):
        load_recipe(str(tmp_path / "folder.toml"))


def test_files_that_extend_each_other(tmp_path: Path) -> None:
    written(tmp_path, 'extends = "one.toml"\n', "two.toml")
    with pytest.raises(SettingsError, match="extends itself"):
        load_recipe(written(tmp_path, 'extends = "two.toml"\n', "one.toml"))
    with pytest.raises(SettingsError, match="extends itself"):
        load_recipe(written(tmp_path, 'extends = "mine.toml"\n'))


@pytest.mark.parametrize(
    "content", [b"size = [\n", b"defocus: 3\n", b"\xff\xfe\x00", b"size = 1\nsize = 2\n"]
)
def test_what_is_not_toml(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(UnreadableTable, match=r"mine\.toml: not TOML"):
        load_recipe(str(tmp_path / "mine.toml"))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("sise = 3", "sise"),
        ("[ctf]\ndefocus_um = [1, 2]", "ctf.defocus_um"),
        ("[optics]\nvoltage_kV = [300]", "optics"),
        ("[defects.drift]\nway = 3", "defects.drift.way"),
    ],
)
def test_an_unknown_entry_is_named(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(UnreadableTable, match=rf"mine\.toml: {place}: .*Known entries: docs/simulate\.md"):
        load_recipe(written(tmp_path, text))


def test_an_unknown_defect_is_named(tmp_path: Path) -> None:
    with pytest.raises(ThonringError, match=r"defects\.fog.*'drift'"):
        load_recipe(written(tmp_path, "[defects.fog]\nweight = 1\ndose = 1\nharmless = 0\n"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[ctf]\ndefocus_A = [30000, 6000]", r"ctf\.defocus_A: \[30000, 6000\] is in the wrong order"),
        ("[ctf]\ndefocus_A = [1.0, 2.0]", r"ctf\.defocus_A: \[1, 2\] is impossible: expected 100 to"),
        ("[ctf]\ndefocus_A = [nan, 9000]", r"ctf\.defocus_A\.0: Input should be a finite number"),
        ("[ctf]\ndefocus_A = [1e4, 2e4, 3e4]", r"ctf\.defocus_A: "),
        ("[ctf]\ndefocus_A = 'much'", r"ctf\.defocus_A: "),
        ("[ctf]\ndefocus_A = true", r"ctf\.defocus_A: "),
        ("ctf = 5", "ctf: "),
        ("[exposure]\ndose_e_per_A2 = -20", r"exposure\.dose_e_per_A2: \[-20, -20\] is impossible"),
        ("[exposure]\ndose_e_per_A2 = 0", r"exposure\.dose_e_per_A2: \[0, 0\] is impossible"),
        ("[exposure]\ndose_e_per_A2 = [20, inf]", r"exposure\.dose_e_per_A2"),
        ("[detector]\ndqe_at_zero = 1.2", r"detector\.dqe_at_zero: \[1\.2, 1\.2\] is impossible"),
        ("[detector]\nmtf_at_nyquist = 0", r"detector\.mtf_at_nyquist: \[0, 0\] is impossible"),
        ("[microscope]\nvoltage_kV = []", r"microscope\.voltage_kV: "),
        ("[microscope]\nvoltage_kV = [300000]", r"microscope\.voltage_kV\.0: .*1000"),
        ("[microscope]\npixel_A = 0", r"microscope\.pixel_A: \[0, 0\] is impossible"),
        ("[specimen]\nhollow_share = 1.5", r"specimen\.hollow_share: "),
        ("defective_share = -0.1", "defective_share: "),
        ("size = 12", "size: .*64"),
        ("size = 100.5", "size: "),
        (
            "[defects.drift]\ndose = 1e6",
            r"defects\.drift\.dose \[1e\+06, 1e\+06\] is impossible: expected 0 to",
        ),
        ("[defects.drift]\nweight = -1", r"defects\.drift\.weight: "),
        ("[defects.none]\nweight = 1\ndose = 0\nharmless = 0", "defects.none: 'none' is not a defect"),
    ],
)
def test_an_impossible_value_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=rf"mine\.toml: {said}"):
        load_recipe(written(tmp_path, text))


def test_defects_without_a_weight(tmp_path: Path) -> None:
    weights = "\n".join(f"[defects.{name}]\nweight = 0" for name in DEFECTS if name != "none")
    with pytest.raises(SettingsError, match="no defect has a weight"):
        load_recipe(written(tmp_path, f"defective_share = 0.1\n{weights}\n"))
    assert load_recipe(written(tmp_path, f"defective_share = 0.0\n{weights}\n")).defective_share == 0
