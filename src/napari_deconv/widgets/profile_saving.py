"""Ask where to save, in a dialog that asks before it lets a file be overwritten."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget


def ask_path(
    parent: QWidget, title: str, kinds: Sequence[str], name: str = ""
) -> tuple[Path, str] | None:
    """Return the path and the kind of file that the user chose.

    Parameters
    ----------
    parent : QWidget
        The widget that asks.
    title : str
        Title of the dialog.
    kinds : sequence of str
        Kinds of file, as in ``"Table (*.csv)"``. A name that is typed without a suffix gets that
        of the kind, before the question whether to overwrite is asked.
    name : str
        Of the file, for the user to change.

    Returns
    -------
    tuple of Path and str, or None
        None if the user cancelled.
    """
    dialog = QFileDialog(parent, title)
    dialog.setObjectName("profile-save-dialog")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilters(list(kinds))
    dialog.setDefaultSuffix(suffix(kinds[0]))
    dialog.filterSelected.connect(lambda kind: dialog.setDefaultSuffix(suffix(kind)))
    dialog.selectFile(name)
    accepted = bool(dialog.exec())
    files, kind = dialog.selectedFiles(), dialog.selectedNameFilter()
    dialog.deleteLater()
    return (Path(files[0]), kind) if accepted and files else None


def suffix(kind: str) -> str:
    """Return the suffix of a kind of file, without a dot: csv for ``"Table (*.csv)"``."""
    found = re.search(r"\*\.(\w+)", kind)
    return "" if found is None else found[1]
