"""The docks: what napari shows, made of Qt, magicgui and pyqtgraph; no numerics live here."""
