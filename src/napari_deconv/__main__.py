"""`python -m napari_deconv` is the command `napari-deconv`."""

from napari_deconv.cli import app

if __name__ == "__main__":
    app()
