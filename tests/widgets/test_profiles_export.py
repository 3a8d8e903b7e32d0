"""CSV, PNG, SVG and the clipboard."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QApplication, QLabel, QPushButton

from napari_deconv.widgets import profile_export
from napari_deconv.widgets.profile_saving import suffix

from .profile_desk import edge, settle


@pytest.fixture
def two(profile_dock, qtbot):
    viewer, widget = profile_dock()
    viewer.add_image(edge(1.0), name="reference")
    viewer.add_image(edge(3.0, seed=1), name="scan")
    widget.add_line((60, 20), (60, 140))
    settle(qtbot, widget)
    return widget


def said(widget):
    return widget.findChild(QLabel, "profile-status").text()


def test_the_clipboard_takes_table_curves_and_picture(two):
    actions = {action.text(): action for action in two._controls.copies.actions()}
    assert list(actions) == ["Table", "Curves", "Picture"]
    actions["Table"].trigger()
    assert "The table is on the clipboard." in said(two)
    assert QApplication.clipboard().text() == two.csv()
    actions["Curves"].trigger()
    assert QApplication.clipboard().text() == two.csv(curves=True)
    actions["Picture"].trigger()
    picture = QApplication.clipboard().image()
    assert picture.width() == 2 * two._plots.canvas.width()


def test_everything_is_saved_from_one_dialog(two, tmp_path, monkeypatch):
    asked = [
        (tmp_path / "t.csv", profile_export.TABLE),
        (tmp_path / "c.csv", profile_export.CURVES),
        (tmp_path / "p.png", profile_export.PNG),
        (tmp_path / "p.svg", profile_export.SVG),
        None,
        (tmp_path / "no" / "t.csv", profile_export.TABLE),
        (tmp_path / "no" / "p.svg", profile_export.SVG),
    ]
    monkeypatch.setattr(profile_export, "ask_path", lambda *_: asked.pop(0))
    button = two.findChild(QPushButton, "profile-save")
    for _ in range(4):
        button.click()
        assert "Saved" in said(two)
    button.click()
    assert (tmp_path / "t.csv").read_text(encoding="utf-8") == two.csv()
    assert (tmp_path / "c.csv").read_text(encoding="utf-8") == two.csv(curves=True)
    assert not QImage(str(tmp_path / "p.png")).isNull()
    for _ in range(2):
        button.click()
        assert "Nothing was saved" in said(two)


def test_the_svg_holds_the_curves_as_lines(two, tmp_path):
    two.save_plot(tmp_path / "p.svg")
    root = ElementTree.parse(tmp_path / "p.svg").getroot()
    assert root.tag.endswith("svg")
    lines = [e for e in root.iter() if e.tag.endswith(("polyline", "path"))]
    assert len(lines) >= 2
    text = " ".join(e.text or "" for e in root.iter() if e.tag.endswith("text"))
    assert "distance (px)" in text


def test_the_suffix_follows_the_kind():
    assert suffix(profile_export.SVG) == "svg"
    assert suffix(profile_export.TABLE) == "csv"
