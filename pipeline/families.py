"""The families of networks that serving reads, by name; each is described beside the code that reads it."""

from detectors.readers import READERS
from reid_models.clip_encoder import CLIP
from reid_models.crop_encoder import INTEL_REID, OSNET
from reid_runtime.card import ArtefactError
from reid_runtime.family import Family

DETECTORS = tuple(reader.family for reader in READERS.values())
ENCODERS = (OSNET, INTEL_REID, CLIP)
FAMILIES = {family.name: family for family in (*DETECTORS, *ENCODERS)}


def family_named(name: str) -> Family:
    """Raises ArtefactError if there is none of that name."""
    if name not in FAMILIES:
        raise ArtefactError(f"expected one of the families {', '.join(FAMILIES)}, found {name!r}")
    return FAMILIES[name]
