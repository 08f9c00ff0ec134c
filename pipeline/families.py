"""The families of networks that serving reads, by name; each is described beside the code that reads it."""

from detectors.yolox import YOLOX
from reid_models.clip_encoder import CLIP
from reid_models.crop_encoder import INTEL_REID, OSNET
from reid_runtime.adopt import Family
from reid_runtime.card import ArtefactError

FAMILIES = {family.name: family for family in (YOLOX, OSNET, INTEL_REID, CLIP)}


def family_named(name: str) -> Family:
    """Raises ArtefactError if there is none of that name."""
    if name not in FAMILIES:
        raise ArtefactError(f"expected one of the families {', '.join(FAMILIES)}, found {name!r}")
    return FAMILIES[name]
