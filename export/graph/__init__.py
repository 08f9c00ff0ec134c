"""From a network in torch to an ONNX file with its card."""
