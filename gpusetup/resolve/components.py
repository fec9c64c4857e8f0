"""Display names of the components of a stack, by the names used in `Choice`."""

TITLES = {
    "release": "distribution",
    "driver": "driver",
    "torch": "PyTorch",
    "tensorflow": "TensorFlow",
    "environments": "environments",
    "jax": "JAX",
    "jax_cudnn": "cuDNN for JAX",
    "cudnn": "cuDNN for TensorFlow",
    "python torch": "Python for PyTorch",
    "python tensorflow": "Python for TensorFlow",
    "python jax": "Python for JAX",
    "toolkit": "CUDA toolkit (nvcc)",
    "compiler": "host compiler",
    "toolkit_cudnn": "cuDNN for nvcc",
}
