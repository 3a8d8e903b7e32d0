"""Build the wheel, install it into an empty environment elsewhere, and open what it contributes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BINARIES = "Scripts" if os.name == "nt" else "bin"


def call(*command: str | Path, cwd: Path) -> None:
    """Show a command and run it; end with it when it fails."""
    print("$", *command, flush=True)
    code = subprocess.run(command, cwd=cwd, check=False).returncode
    if code:
        raise SystemExit(f"The wheel check stops here: the command above ended with {code}.")


def on_a_screen(*command: str | Path) -> tuple[str | Path, ...]:
    """Put a command on a virtual screen where there is no other."""
    if sys.platform != "linux" or os.environ.get("DISPLAY"):
        return command
    screen = shutil.which("xvfb-run")
    if screen is None:
        raise SystemExit("There is no display: install the package xvfb and try again.")
    return (screen, "--auto-servernum", "--server-args", "-screen 0 1400x900x24", *command)


def check(folder: Path) -> None:
    """Go from the checkout to two open docks, with nothing of the checkout but its wheel."""
    call(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT, cwd=folder)
    (wheel,) = folder.glob("napari_deconv-*.whl")
    venv.create(folder / "env", with_pip=True)
    binaries = folder / "env" / BINARIES
    pip = (binaries / "python", "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt")
    call(*pip, f"{wheel}[napari]", "PyQt6", cwd=folder)
    call(binaries / "npe2", "validate", "--imports", "napari-deconv", cwd=folder)
    docks = ROOT / "scripts" / "open_docks.py"
    call(*on_a_screen(binaries / "python", docks), cwd=folder)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="wheel-check-") as place:
        check(Path(place).resolve())
