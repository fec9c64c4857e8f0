"""Display names of the components of a stack, by the names used in `Choice`."""


class _Titles(dict[str, str]):
    """Titles by component; that of a named environment, ``train/torch``, is made of both."""

    def __missing__(self, key: str) -> str:
        name, found, component = key.partition("/")
        if not found:
            raise KeyError(key)
        return f"{self[component]} of {name}"


TITLES = _Titles(
    {
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
)
