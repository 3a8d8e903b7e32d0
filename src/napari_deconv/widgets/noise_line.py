"""The line under a method: what was measured of the noise, and what strength was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_deconv.widgets.column import Line

if TYPE_CHECKING:
    from napari_deconv.recipe import Recipe
    from napari_deconv.widgets.form import FamilyForm

SIGMA = "\N{GREEK SMALL LETTER SIGMA}"


class NoiseLine(Line):
    """Noise and strength of the last run, as long as the form shows its method.

    Parameters
    ----------
    form : FamilyForm
        Of methods.
    """

    def __init__(self, form: FamilyForm) -> None:
        super().__init__("method_line")
        self._form = form
        self._recipe: Recipe | None = None
        form.changed.connect(self._follow)

    def tell(self, recipe: Recipe) -> None:
        """Say what is known of a run."""
        self._recipe = recipe
        self.say(noise_and_strength(recipe, self._form.on_auto))

    def _follow(self, *_: Any) -> None:
        """Say no more of a strength that was changed by hand, and nothing of another method."""
        if self._recipe is not None and self.text():
            alike = self._recipe.method.key() == self._form.key
            self.say(noise_and_strength(self._recipe, self._form.on_auto) if alike else "")


def noise_and_strength(recipe: Recipe, on_auto: list[str]) -> str:
    """Return what was measured of the noise, and what strengths on auto came to."""
    measured, method = recipe.measured, recipe.method
    if measured is None:
        return ""
    share = measured.noise / measured.scale
    told = [f"noise {SIGMA} {measured.noise:.3g}, {share:.2%} of the grey range"]
    if measured.gain > 0 and measured.read_noise is not None:
        told.append(f"gain {measured.gain:.3g}, read noise {measured.read_noise:.3g}")
    found = {name: getattr(method, name) for name in on_auto}
    source = "" if recipe.curve is not None else " from it"
    told += [f"{n} {value:.3g} found{source}" for n, value in found.items() if value != "auto"]
    return "; ".join(told)
