"""From ONNX files to engines of TensorRT and TensorRT-RTX."""
