"""Watch a restoration step by step, stop it when it stands still, and keep its recipe."""

from pathlib import Path
from tempfile import TemporaryDirectory

from napari_deconv import Recipe
from napari_deconv.evidence.reference import psnr
from napari_deconv.methods.method import until
from napari_deconv.samples import radiograph

sample = radiograph(shape=(256, 256))
recipe = Recipe(
    psf={"name": "core-tail", "sigma": 0.4, "tail_length": 1.2, "unit": "mm"},
    method={"name": "tv", "weight": 0.0015},
    pixel_size=f"{sample.pixel_size} {sample.unit}",
)

objectives = []


def stands_still(step):
    """Return whether the objective fell by less than a thousandth."""
    objectives.append(step.objective)
    return len(objectives) > 1 and objectives[-2] - objectives[-1] < 1e-3 * objectives[-1]


for step in until(recipe.steps(sample.image), stands_still):
    quality = psnr(step.image(), sample.truth)
    print(f"iteration {step.index:3} of {step.total}  objective {step.objective:8.4f}  {quality}")

with TemporaryDirectory() as folder:
    recipe.save(Path(folder) / "recipe.yaml")
    same = Recipe.load(Path(folder) / "recipe.yaml")
print(f"stopped at iteration {step.index}; the recipe reads back alike: {same == recipe}")
