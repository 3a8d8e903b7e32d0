"""What a report needs of layers: read in the GUI's thread, computed in another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_deconv.appraisal import Outcome
from napari_deconv.comparing import Scene, measured
from napari_deconv.jobs import Reference
from napari_deconv.report.contents import Contents, Line
from napari_deconv.report.gathering import Made, judged, unique
from napari_deconv.report.limits import Limits
from napari_deconv.widgets.drawn_lines import drawn_lines, line_width
from napari_deconv.widgets.layer_choice import METADATA, likely_reference
from napari_deconv.widgets.result import RAN, recipe_of
from napari_deconv.widgets.source import Source

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    Region = tuple[slice, slice]


@dataclass(frozen=True)
class LayersReport:
    """Results of one image as layers.

    Attributes
    ----------
    source : Source
        The plane that they were made of.
    region : tuple of slice or None
        The part that was restored.
    reference : Source or None
    made : sequence of Made or Outcome
        Results; those that were judged already are not judged again.
    lines : sequence of Line
        In the pixels of the plane.
    width : float
        Pixels that profiles are averaged over.
    limits : Limits
    """

    source: Source
    region: Region | None
    reference: Source | None
    made: Sequence[Made | Outcome]
    lines: Sequence[Line]
    width: float
    limits: Limits
    facts: Mapping[str, str]
    psf_source: str = ""

    @classmethod
    def of(
        cls,
        viewer: ViewerModel,
        results: Sequence[Image],
        limits: Limits,
        *,
        reference: Image | Literal["likely"] | None = "likely",
        known: Mapping[Image, Outcome] | None = None,
    ) -> LayersReport:
        """Look at layers.

        Parameters
        ----------
        viewer : ViewerModel
        results : sequence of Image
            Made by the docks, of one image.
        limits : Limits
        reference : Image, "likely" or None
            The truth; ``"likely"`` stands for the layer that is called so.
        known : mapping of Image to Outcome, optional
            What was judged already.

        Raises
        ------
        ValueError
            In one sentence, if there is no result, or its image is not there any more.
        """
        if not results:
            raise ValueError("There is no result to report; press Run first.")
        recipes = [recipe_of(layer) for layer in results]
        ran = results[0].metadata[METADATA][RAN]
        source = _source(viewer, results[0])
        region = _region(ran)
        others = [
            layer.name for layer in results if _region(layer.metadata[METADATA][RAN]) != region
        ]
        if others:
            raise ValueError(f"{others[0]} is of another region; report them one by one.")
        if any(recipe.burst is not None for recipe in recipes):
            raise ValueError("A report of a burst can't be made; deblur the merged image for one.")
        if reference == "likely":
            reference = likely_reference(viewer.layers, source.layer)
        names = unique([layer.name.removeprefix(f"{source.layer.name} ") for layer in results])
        shape = source.shape if region is None else tuple(s.stop - s.start for s in region)
        judged_already = known or {}
        made = [
            replace(judged_already[layer], label=name)
            if layer in judged_already
            else Made(
                name,
                _plane(layer, source, shape),
                recipe,
                _seconds(layer),
                _weights(viewer, layer, source),
            )
            for layer, name, recipe in zip(results, names, recipes, strict=True)
        ]
        return cls(
            source=source,
            region=region,
            reference=source.companion(reference, "reference", viewer.dims),
            made=made,
            lines=drawn_lines(viewer, source),
            width=line_width(viewer),
            limits=limits,
            facts=_facts(source, ran, region),
            psf_source=_described(ran.get("psf")),
        )

    def contents(self) -> Contents:
        """Read the arrays and judge every result; it may take seconds.

        Raises
        ------
        ValueError
            In one sentence, if something doesn't fit.
        """
        whole = self.source.fetch()
        part = (slice(None), slice(None)) if self.region is None else self.region
        truth = None
        if self.reference is not None:
            grey = self.reference.fetch()
            truth = Reference.of(grey, None)._replace(image=grey[part])
        first = next(one.recipe for one in self.made if one.recipe is not None)
        scene = Scene(whole[part], first, truth)
        outcomes = [
            one if isinstance(one, Outcome) else judged(one, whole, scene, self.region)
            for one in self.made
        ]
        low, high = self.source.layer.contrast_limits
        top, left = (0, 0) if self.region is None else (s.start for s in self.region)
        lines = [line.seen_from(top, left) for line in self.lines]
        name = self.source.layer.name
        return Contents(
            name=name,
            image=scene.image,
            outcomes=tuple(outcomes),
            data=Outcome(name, figures=measured(scene.image, scene)),
            reference=truth,
            lines=tuple(lines),
            line_width=self.width,
            size=self.source.pixel_size,
            window=(float(low), float(high)),
            limits=self.limits,
            facts=dict(self.facts),
            psf_source=self.psf_source,
        )


def _source(viewer: ViewerModel, result: Image) -> Source:
    """Return the plane that a result was made of."""
    ran = result.metadata[METADATA][RAN]
    layer = _known(viewer, ran["source"], "image")
    first, second = ran["axes"]
    if ran.get("slices"):  # all were restored, and the report is of the one on display
        plane = Source.of(layer, viewer.dims)
        if plane.axes != (first, second):
            raise ValueError("Show the slices as they were when the stack was restored.")
        return plane
    data = layer.data[0] if layer.multiscale else layer.data
    others = iter(ran["slice"] or ())
    index = [0 if axis in (first, second) else next(others, 0) for axis in range(len(data.shape))]
    return Source(layer, data, (first, second), tuple(index))


def _weights(viewer: ViewerModel, result: Image, source: Source) -> Callable[[], Any] | None:
    """Return what reads the pixel weights that a result was made with."""
    name = result.metadata[METADATA][RAN].get("weights")
    if name is None:
        return None
    role = "layer of pixel weights"
    plane = source.companion(_known(viewer, name, role), role, viewer.dims)
    return None if plane is None else plane.fetch


def _known(viewer: ViewerModel, name: str, role: str) -> Any:
    """Return the layer of a name."""
    if name not in viewer.layers:
        raise ValueError(f"The {role} {name!r} is not among the layers any more; open it again.")
    return viewer.layers[name]


def _region(ran: Mapping[str, Any]) -> Region | None:
    if not ran.get("region"):
        return None
    (y0, y1), (x0, x1) = ran["region"]
    return slice(y0, y1), slice(x0, x1)


def _plane(layer: Image, source: Source, shape: tuple[int, ...]) -> Any:
    """Return the picture of a result; of a stack's, the slice that the source is."""
    array: Any = layer.data
    if layer.metadata[METADATA][RAN].get("slices"):
        axes, index = source.axes, source.index
        array = array[tuple(slice(None) if n in axes else i for n, i in enumerate(index))]
        if np.isnan(array).all():
            raise ValueError(f"{layer.name} was not restored at this slice; press Run to go on.")
    array = np.asarray(array)
    if array.size != int(np.prod(shape)):
        raise ValueError(f"{layer.name} has another size than its image; deblur it again.")
    return array.reshape(shape)


def _seconds(layer: Image) -> float | None:
    seconds = layer.metadata[METADATA][RAN].get("seconds")
    return None if seconds is None else float(seconds)


def _facts(source: Source, ran: Mapping[str, Any], region: Region | None) -> dict[str, str]:
    """Return what belongs on the page beside the image."""
    facts = {"Device": str(ran.get("device", ""))}
    if ran.get("weights"):
        facts["Pixel weights"] = f"the layer {ran['weights']}"
    path = source.layer.source.path
    if path:
        facts["File"] = str(path)
    if source.slice_index:
        facts["Slice (from 0)"] = ", ".join(map(str, source.slice_index))
    if region is not None:
        rows, columns = region
        facts["Region"] = (
            f"rows {rows.start} to {rows.stop}, columns {columns.start} to {columns.stop} "
            f"of {source.shape[0]} x {source.shape[1]} px"
        )
    return facts


def _described(origin: Any) -> str:
    """Return how a PSF was measured, as its layer says."""
    if not isinstance(origin, Mapping):
        return "" if origin is None else str(origin)
    return ", ".join(f"{key} {value}" for key, value in origin.items() if _is_short(value))


def _is_short(value: Any) -> bool:
    return isinstance(value, str | int | float) and len(str(value)) < 80
