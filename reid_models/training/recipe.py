"""What a run is made of: everything that its numbers depend on, but the data."""

from dataclasses import dataclass, field
from typing import Literal

from reid_learning.loop import LoopParams
from reid_models.architectures.backbones import TrunkSpec
from reid_models.architectures.tkp import Matching
from reid_models.training.feeds.crops import CropFeedParams
from reid_models.training.feeds.tracklets import TrackletFeedParams
from reid_models.training.learners.attribute_transfer import TransferObjective
from reid_models.training.learners.attributes import AttributeObjective
from reid_models.training.learners.completion import CompletionObjective
from reid_models.training.learners.identity import IdentityObjective
from reid_models.training.learners.pairs import PairObjective
from reid_models.training.learners.tkp import PropagationObjective
from reid_models.training.sampling.test_clips import TestClips
from reid_runtime.card import ClipSpec

Feed = TrackletFeedParams | CropFeedParams
Objective = (
    IdentityObjective
    | PropagationObjective
    | AttributeObjective
    | TransferObjective
    | PairObjective
    | CompletionObjective
)


@dataclass(frozen=True, slots=True)
class NetworkParams:
    """
    Attributes:
        name: in the catalogue of networks.
        clip: T, H and W of the clips that it learns from; those of a paper in its recipe.
        trunk: another frame network than the catalogue's; None: its own.
        weights: that the trunk begins with: a file, one of torchvision's names, `package` for the weights of a trunk
            that come by pip; None: random ones.
        attributes: names of the labels that it learns, of networks with attributes; those of its data set, which fills
            them in.
    """

    name: str
    clip: ClipSpec
    trunk: TrunkSpec | None = None
    weights: str | None = None
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TestParams:
    """How a trained network is asked.

    Attributes:
        query, gallery: clips of each side.
        protocol: who is in the gallery and how precision is averaged; in `evaluation.protocols`.
        distance: cosine of the vectors at length 1; Euclidean of the vectors as they come; or pairs, CSA's: every
            snippet of one tracklet with every one of the other, see `evaluation.pairs`.
        matching: of TKP, which of its two networks describes which side.
    """

    # pytest takes it for a test by its name.
    __test__ = False

    query: TestClips
    gallery: TestClips
    protocol: str = "mars"
    distance: Literal["cosine", "euclidean", "pairs"] = "cosine"
    matching: Matching = "video_to_video"


@dataclass(frozen=True, slots=True)
class Recipe:
    """One stage of a paper's training; `stages` of a paper are several, each beginning with what the one before made.

    Attributes:
        paper: whose, for results.
        network: see there.
        loop: steps, rates, seed.
        feed: which tracklets make a batch, which frames a clip, and what is done to them.
        objective: what is brought down; its kind says who learns.
        classifier: how linear ones begin: at random, or at the mean directions of their persons' features (see
            `imprint`), which says something as soon as the trunk does.
        test: how the network is asked afterwards.
    """

    paper: str
    network: NetworkParams
    loop: LoopParams
    feed: Feed
    objective: Objective
    classifier: Literal["random", "imprinted"] = "random"
    test: TestParams = field(default=TestParams(query=TestClips("consecutive", 4), gallery=TestClips("consecutive", 4)))
