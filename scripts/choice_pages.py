"""MkDocs hook: the pages of choices get their parameters from the declarations, formulas as MathML.

No page loads a script from elsewhere to draw formulas: browsers draw MathML themselves.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.structure.pages import Page

PAGES = {
    "methods.md": "method",
    "priors.md": "prior",
    "fidelities.md": "fidelity",
    "boundaries.md": "boundary",
    "psfs.md": "psf",
}
"""Page of docs/ -> the family whose choices it describes, a section each."""
SECTION = re.compile(r"^## `([\w-]+)`$\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
"""A choice's name and what its page says of it."""
_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)


def sections(markdown: str) -> dict[str, str]:
    """Return name of a choice -> its section."""
    return dict(SECTION.findall(markdown))


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Add label and parameters to every section of a page of choices."""
    family = PAGES.get(page.file.src_uri)
    return markdown if family is None else with_parameters(markdown, family)


def with_parameters(markdown: str, family: str) -> str:
    """Return a page with the label and the table of parameters of every choice."""
    from napari_deconv import choices

    known = choices(family)

    def filled(match: re.Match[str]) -> str:
        name, text = match.groups()
        choice = known[name]
        table = "\n".join(_table(choice.model_json_schema()))
        return f"## `{name}`\n\n{choice.label}.\n{text.rstrip()}\n\n{table}\n\n"

    return SECTION.sub(filled, markdown)


def _table(schema: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a table of parameters, none if there are none."""
    from napari_deconv.catalogue import Parameter, parameters

    rows = list(parameters(schema))
    if rows:
        yield "| " + " | ".join(("parameter", *Parameter._fields[1:])) + " |"
        yield "|" + " --- |" * len(Parameter._fields)
    for name, *rest in rows:
        yield "| " + " | ".join((f"`{name}`", *(cell.replace("|", "\\|") for cell in rest))) + " |"


def on_page_content(content: str, **_: Any) -> str:
    """Turn the formulas of a page into MathML."""
    return _FORMULA.sub(lambda match: mathml(match[3], match[2] == "["), content)


def mathml(formula: str, block: bool) -> str:
    """Return a formula that MkDocs has escaped for HTML as MathML."""
    from latex2mathml.converter import convert

    drawn: str = convert(html.unescape(formula), display="block" if block else "inline")
    return drawn
