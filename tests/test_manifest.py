"""napari's view of the plugin: its manifest is installed, complete and says where things belong."""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml
from npe2 import PluginManifest

MANIFEST = "src/napari_deconv/napari.yaml"


@pytest.fixture(scope="module")
def manifest() -> PluginManifest:
    """Return the manifest as napari finds it: through the installed entry point."""
    return PluginManifest.from_distribution("napari-deconv")


def test_every_command_can_be_imported(manifest: PluginManifest) -> None:
    manifest.validate_imports()


def test_the_installed_manifest_is_the_one_of_this_checkout(
    manifest: PluginManifest, repository: Path
) -> None:
    written = yaml.safe_load((repository / MANIFEST).read_text())
    assert [command.id for command in manifest.contributions.commands] == [
        command["id"] for command in written["contributions"]["commands"]
    ]


def test_the_file_at_the_root_is_a_link_or_says_where_it_leads(repository: Path) -> None:
    # Git on Windows without links checks a link out as a text file that holds its target.
    link = repository / "napari.yaml"
    target = link.readlink().as_posix() if link.is_symlink() else link.read_text().strip()
    assert target == MANIFEST


def test_docks_stand_under_plugins_and_in_the_layers_menu(manifest: PluginManifest) -> None:
    docks = {dock.display_name: dock.command for dock in manifest.contributions.widgets}
    assert set(docks) == {"Deblur", "Profiles", "Measures", "PSF", "Correct", "Compare", "Train"}
    menus = {
        place: [item.command for item in items]
        for place, items in manifest.contributions.menus.items()
    }
    assert menus["napari/layers/filter"] == [
        docks["Deblur"],
        docks["Correct"],
        docks["Compare"],
        docks["Train"],
    ]
    assert menus["napari/layers/measure"] == [docks["Profiles"], docks["Measures"], docks["PSF"]]


def test_the_command_line_is_installed() -> None:
    scripts = distribution("napari-deconv").entry_points.select(group="console_scripts")
    assert callable(scripts["napari-deconv"].load())
