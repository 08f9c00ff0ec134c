"""The families of detectors, by name; each is described beside the code that reads it."""

from detectors.detr import DETR_READER
from detectors.end2end import END2END_READER
from detectors.nanodet import NANODET_READER
from detectors.reader import Reader
from detectors.ssd import SSD_READER
from detectors.yolov8 import YOLOV8_READER
from detectors.yolox import YOLOX_READER
from reid_runtime.card import ArtefactError

READERS: dict[str, Reader] = {
    reader.family.name: reader
    for reader in (YOLOX_READER, YOLOV8_READER, END2END_READER, DETR_READER, SSD_READER, NANODET_READER)
}


def reader_of(family: str, name: str) -> Reader:
    """The reader of a family, for the network of that name; ArtefactError if the family finds nobody."""
    if family not in READERS:
        raise ArtefactError(f"{name}: expected one of the families {', '.join(READERS)}, found {family}")
    return READERS[family]
