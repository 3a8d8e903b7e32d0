"""Results as DICOM: one multi-frame file of whole grey values, with the pixel size."""

from __future__ import annotations

from io import BytesIO
from typing import IO, Any

import numpy as np

from napari_deconv.scans.block import Block
from napari_deconv.scans.mapped import Mapped

MOST = 2**32 - 2
"""Bytes of pixels that a DICOM file can state."""
PIXELS = b"\xe0\x7f\x10\x00OW\x00\x00"
"""Tag and type of the pixel data, before their length."""


class DicomBlock(Block):
    """A Multi-frame Grayscale Word Secondary Capture: derived images of any modality."""

    def check_room(self) -> None:
        """Refuse what DICOM can't hold, and a disk that has too little room."""
        if self.stored != "uint16":
            raise ValueError("DICOM holds whole grey values: add --dtype uint16.")
        if self.nbytes > MOST:
            raise ValueError(
                f"{self.target.name} takes {self.nbytes / 2**30:.3g} GiB, and a DICOM file holds "
                "less than 4; take .zarr, .h5 or .tif."
            )
        super().check_room()

    def head(self, file: IO[bytes]) -> None:
        """Write all that stands before the pixels."""
        from pydicom import dcmwrite

        described = BytesIO()
        dcmwrite(described, self._described(), enforce_file_format=True)
        file.write(described.getvalue())
        file.write(PIXELS + self.nbytes.to_bytes(4, "little"))
        file.truncate(file.tell() + self.nbytes)

    def place(self) -> Mapped:
        """Return where the numbers are: at the end."""
        offset = self.part.stat().st_size - self.nbytes
        about = {"format": "DICOM"}
        return Mapped(self.part, self.shape, np.dtype("u2"), self.size, about, offset, "<u2")

    def _described(self) -> Any:
        from pydicom.dataset import FileDataset, FileMetaDataset
        from pydicom.uid import (
            ExplicitVRLittleEndian,
            MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
            generate_uid,
        )

        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = MultiFrameGrayscaleWordSecondaryCaptureImageStorage
        meta.MediaStorageSOPInstanceUID = generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        data.SOPClassUID = meta.MediaStorageSOPClassUID
        data.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
        data.StudyInstanceUID, data.SeriesInstanceUID = generate_uid(), generate_uid()
        data.Modality, data.ConversionType = "OT", "WSD"
        data.PatientName = data.PatientID = data.StudyID = ""
        data.InstanceNumber = data.SeriesNumber = 1
        data.ImageType = ["DERIVED", "SECONDARY"]
        data.DerivationDescription = "Deblurred by napari-deconv; the recipe lies beside it."
        data.NumberOfFrames, data.Rows, data.Columns = self.shape
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated = data.BitsStored = 16
        data.HighBit, data.PixelRepresentation = 15, 0
        data.RescaleSlope, data.RescaleIntercept, data.RescaleType = 1, 0, "US"
        if self.size is not None:
            sides = self.size.to("mm").along(2, "mm")
            data.PixelSpacing = [f"{side:.10g}" for side in sides]
        return data
