"""MkDocs hook: the site's first page is the README, with its links seen from docs/."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.structure.pages import Page

README = Path(__file__).resolve().parents[1] / "README.md"


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Return the README for the first page, every other page with links to that page."""
    if page.file.src_uri != "index.md":
        return markdown.replace("](../README.md", "](index.md")
    text = README.read_text(encoding="utf-8")
    text = re.sub(r'(\]\(|src="|href=")docs/', r"\1", text)
    text = text.replace("](CHANGELOG.md)", "](changelog.md)")
    # What is in the repository but not on the site, such as the licence, keeps its words only.
    return re.sub(r"(?<!!)\[([^\]]+)\]\((?!https?:|#|[\w/.-]+\.(md|png|svg)\b)[^)]*\)", r"\1", text)
