"""The pages of choices: a section for each registered one, none of another, and what it says."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from napari_deconv import choices
from napari_deconv.registry import MODULES

REPOSITORY = Path(__file__).resolve().parents[1]
DOCS = REPOSITORY / "docs"
MOST_BYTES, MOST_BYTES_TOGETHER = 60_000, 3_000_000


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOOK = script("choice_pages")
PAGE_OF = {family: page for page, family in HOOK.PAGES.items()}
CHOICES = [(family, name) for family in MODULES for name in choices(family)]


def page(family: str) -> str:
    return (DOCS / PAGE_OF[family]).read_text(encoding="utf-8")


def test_every_family_has_a_page_on_the_site() -> None:
    assert set(PAGE_OF) == set(MODULES)
    site = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    assert [name for name in HOOK.PAGES if name not in site] == []


@pytest.mark.parametrize("family", MODULES)
def test_a_page_has_the_registered_choices_and_no_other(family: str) -> None:
    assert sorted(HOOK.sections(page(family))) == sorted(choices(family))


@pytest.mark.parametrize(("family", "name"), CHOICES)
def test_a_section_has_formula_use_limits_and_picture(family: str, name: str) -> None:
    section = HOOK.sections(page(family))[name]
    assert re.search(r"^\$\$.+\$\$$", section, re.MULTILINE | re.DOTALL)
    for heading in ("**Good for** ", "**Bad for** "):
        assert len(section.split(heading)[1].split("\n\n")[0]) > 20
    (picture,) = re.findall(r"^!\[.+\]\((.+)\)$", section, re.MULTILINE)
    assert Path(picture).name == f"{family}-{name}.png"
    assert (DOCS / picture).is_file()
    assert re.search(r"^\*.+\d dB.+\*$", section, re.MULTILINE)  # the caption


def test_pictures_are_small_and_all_are_shown() -> None:
    files = sorted((DOCS / "images" / "choices").iterdir())
    sizes = {file.name: file.stat().st_size for file in files}
    assert max(sizes.values()) <= MOST_BYTES
    assert sum(sizes.values()) <= MOST_BYTES_TOGETHER
    pages = "".join(path.read_text(encoding="utf-8") for path in DOCS.glob("*.md"))
    assert [name for name in sizes if f"images/choices/{name})" not in pages] == []


@pytest.mark.parametrize("family", MODULES)
def test_the_site_shows_every_declared_parameter(family: str) -> None:
    filled = HOOK.sections(HOOK.with_parameters(page(family), family))
    for name, choice in choices(family).items():
        rows = re.findall(r"^\| `(\w+)` \|", filled[name], re.MULTILINE)
        assert rows == list(choice.parameters())
        assert choice.label in filled[name]


def formulas() -> list[str]:
    pages = "".join(path.read_text(encoding="utf-8") for path in DOCS.glob("*.md"))
    found = re.findall(r"\$\$(.+?)\$\$|(?<![\w`$])\$([^$\n`]+?)\$", pages, re.DOTALL)
    return [block or inline for block, inline in found]


def test_every_formula_becomes_mathml() -> None:
    pytest.importorskip("latex2mathml", reason="latex2mathml is not installed, see `make docs`")
    assert len(formulas()) > len(CHOICES)
    for formula in formulas():
        drawn = HOOK.mathml(formula.replace("<", "&lt;"), block=True)
        assert drawn.startswith("<math")
        assert "\\" not in drawn, formula
