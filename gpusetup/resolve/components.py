"""Display names of the components of a stack, by the names used in `Choice`."""

TITLES = {
    "release": "distribution",
    "driver": "driver",
    "torch": "PyTorch",
    "tensorflow": "TensorFlow",
    "environments": "environments",
    "cudnn": "cuDNN for TensorFlow",
    "python torch": "Python for PyTorch",
    "python tensorflow": "Python for TensorFlow",
    "toolkit": "CUDA toolkit (nvcc)",
    "compiler": "host compiler",
    "toolkit_cudnn": "cuDNN for nvcc",
}
