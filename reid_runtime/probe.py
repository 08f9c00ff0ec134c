"""Which providers really work here: what ONNX Runtime offers and what then runs are two things."""

import base64

import numpy as np
import onnxruntime as ort

from reid_runtime.onnx_session import LOAD_ERRORS, PROVIDERS, find_libraries, why_not_there
from reid_runtime.session import Provider

NEGATION = base64.b64decode("CAgSADoyCgsKAXgSAXkiA05lZxIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEA0=")
"""An ONNX file of one node: y = -x, one number."""


def working_providers() -> dict[Provider, str | None]:
    """Every provider that can be asked for, and what keeps it from working; None if it works."""
    return {provider: _fault(provider) for provider in PROVIDERS}


def _fault(provider: Provider) -> str | None:
    names = PROVIDERS[provider]
    if names[0] not in ort.get_available_providers():
        return "not in this ONNX Runtime; comes with the extra `gpu`"
    find_libraries(provider)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(NEGATION, options, providers=names, enable_fallback=0)
        if session.get_providers()[0] != names[0]:
            return f"runs on {session.get_providers()[0]} instead: {why_not_there()}"
        (output,) = session.run(None, {"x": np.ones(1, np.float32)})
    except LOAD_ERRORS as error:
        return str(error).splitlines()[0]
    return None if np.asarray(output).tolist() == [-1.0] else f"gives wrong results: {output}"
