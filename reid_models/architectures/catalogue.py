"""Every network by name, paper-variant-trunk: what the tests, docs/models.md and the benchmarks go through."""

from reid_models.architectures import ap3d, attributes, compact, cosam, csa, gltr, m3d, pooling, sta, stmp, tkp, vrstc
from reid_models.architectures.architecture import Architecture

CATALOGUE: dict[str, Architecture] = {
    **pooling.NETWORKS,
    **cosam.NETWORKS,
    **gltr.NETWORKS,
    **tkp.NETWORKS,
    **m3d.NETWORKS,
    **csa.NETWORKS,
    **stmp.NETWORKS,
    **sta.NETWORKS,
    **attributes.NETWORKS,
    **vrstc.NETWORKS,
    **ap3d.NETWORKS,
    **compact.NETWORKS,
}
