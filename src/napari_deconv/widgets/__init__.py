"""The docks: thin views of the library inside napari."""
