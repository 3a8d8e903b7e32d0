"""Compare three methods on a simulated radiograph, and write a page of evidence.

The page goes into the file that is named on the command line, or else into a folder that is thrown
away.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from napari_deconv import Recipe, choices
from napari_deconv.appraisal import Outcome
from napari_deconv.comparing import Queue, Scene, candidates, measured
from napari_deconv.core.units import PixelSize
from napari_deconv.jobs import Reference
from napari_deconv.report.contents import Contents, Line
from napari_deconv.report.limits import Limits
from napari_deconv.report.page import write
from napari_deconv.samples import radiograph

METHODS = ("wiener", "richardson-lucy", "tv")
LINES = {"line pairs": "#ff9f40", "wire pair D2": "#5cc8ff", "step": "#c3e04a"}

sample = radiograph((256, 256))
size = PixelSize(sample.pixel_size, sample.unit)
recipe = Recipe(psf=sample.psf, pixel_size=str(size))
scene = Scene(sample.image, recipe, Reference.of(sample.truth, None))
methods = [choices("method")[name]() for name in METHODS]
data = Outcome("radiograph", figures=measured(sample.image, scene))
queue = Queue(scene, candidates(methods))
outcomes = [data, *(message for message in queue if isinstance(message, Outcome))]
for outcome in outcomes:
    figures = outcome.figures
    print(f"{outcome.label:16} {figures.psnr}  SSIM {figures.ssim:.3f}")

page = Contents(
    name="Simulated radiograph",
    image=sample.image,
    outcomes=tuple(outcomes[1:]),
    data=data,
    reference=scene.reference,
    lines=tuple(
        Line(number, color, sample.features[name])
        for number, (name, color) in enumerate(LINES.items(), start=1)
    ),
    size=size,
    limits=Limits(edge_width_below=0.4, chi2_within=(0.85, 1.1), dip_above=20),
)
with TemporaryDirectory() as folder:
    target = Path(sys.argv[1] if len(sys.argv) > 1 else folder) / "report-sample.html"
    for written in write(page, target):
        print(f"{written.name}: {written.stat().st_size} bytes")
