"""Name the modules of each family and import them on first use."""

from __future__ import annotations

from importlib import import_module

from napari_deconv.core.params import Choice, registered

MODULES = {
    "boundary": ("core.boundary",),
    "prior": ("core.priors",),
    "fidelity": ("core.fidelities",),
    "psf": ("psf.shapes", "psf.directed", "psf.composed", "psf.measured", "psf.changing"),
    "strength": ("methods.rules",),
    "method": (
        "methods.direct",
        "methods.richardson_lucy",
        "methods.variational",
        "methods.weighted_sum",
        "methods.pylops",
        "learned.restore",
        "learned.plug_and_play",
    ),
}


def choices(family: str) -> dict[str, type[Choice]]:
    """Return every choice of a family by name, without importing torch.

    Parameters
    ----------
    family : str
        ``"method"``, ``"strength"``, ``"prior"``, ``"fidelity"``, ``"boundary"`` or ``"psf"``.

    Returns
    -------
    dict of str to type
        Name -> frozen pydantic class whose fields declare the parameters.

    Raises
    ------
    ValueError
        If there is no such family.
    """
    if family not in MODULES:
        raise ValueError(f"There is no family {family!r}; choose one of: {', '.join(MODULES)}.")
    for module in MODULES[family]:
        import_module(f"napari_deconv.{module}")
    return registered(family)
