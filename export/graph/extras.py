"""What a file may take and yield beside clips and embeddings."""

from dataclasses import replace

import torch

from export.graph.errors import ExportError
from export.graph.subject import Subject
from reid_models.architectures.features import Features
from reid_models.architectures.served import ServedNetwork


def with_mask(subject: Subject) -> Subject:
    """The same that takes, for each clip, which of its frames are no padding: shorter clips fit beside longer ones.

    Raises:
        ExportError: if padding would change what the network yields.
    """
    if subject.lengths is None:
        raise ExportError("a detector takes images, which have no frames to leave out: leave --mask away")
    if not subject.lengths.takes_padding:
        raise ExportError(
            f"{subject.architecture} compares or merges frames by their places, so that padding would change what it "
            "yields: leave --mask away"
        )
    return replace(subject, has_mask=True)


def with_attention(subject: Subject) -> Subject:
    """The same that yields what it looked at as well.

    Raises:
        ExportError: if the network has no attention that could be shown.
    """
    attention = attention_of(subject)
    if not attention:
        raise ExportError(f"{subject.architecture} has no attention to show: leave --attention away")
    network = ServedNetwork(subject.network.get_submodule("network"), has_attention=True).eval()
    return replace(subject, network=network, attention=attention)


def attention_of(subject: Subject) -> dict[str, str]:
    """Names of what the network can say of where it looked, and what they mean."""
    if subject.clip is None:
        return {}
    clips, *_ = subject.example()
    with torch.inference_mode():
        features: Features = subject.network.get_submodule("network")(clips.permute(0, 1, 4, 2, 3))
    return {one.name: one.meaning for one in features.attention()}
