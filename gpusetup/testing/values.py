"""What a test hands over, as named parts that can be compared: tensors of any framework, numbers, texts, containers."""

from __future__ import annotations

import dataclasses
import struct
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gpusetup.errors import WrongInputError
from gpusetup.repro.outputs.item import FORMATS, Item, Leaf, Tensor

DEEPEST = 50
SHARED = 100_000
"""How often containers may be gone through again: lists of shared lists hold 2^50 parts in 50 objects."""
_INT64 = 1 << 63
_REMEDY = "hand over tensors, numbers, texts, models, or lists and dictionaries of them"


def parts(value: Any, name: str = "value") -> list[Item]:
    """Return the parts of `value` in their order, each by its place: ``weights.fc1.bias``, ``losses[3]``.

    Raises `WrongInputError` for an object that cannot be compared.
    """
    return list(_Walk().parts(value, name if not _is_container(value) else ""))


def _is_container(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple | set | frozenset) or _contents(value) is not value


class _Walk:
    """Goes through one value; what lies in it several times is gone through each time, within bounds."""

    def __init__(self) -> None:
        self._above: list[int] = []
        self._met: set[int] = set()
        self._again = 0

    def parts(self, value: Any, name: str) -> Iterator[Item]:
        contents = _contents(value)
        tensor = _tensor(contents, name)
        inside = _inside(contents, name)
        if tensor is not None:
            yield tensor
        elif inside is None:
            yield Leaf(name, _text(contents, name))
        else:
            self._enter(id(value), name)
            for one, place in inside:
                yield from self.parts(one, place)
            self._above.pop()

    def _enter(self, which: int, name: str) -> None:
        """Refuse a container that holds itself, and lists of shared lists, whose parts double with each level."""
        self._again += which in self._met
        if which in self._above or len(self._above) == DEEPEST:
            raise WrongInputError(f"{name} is nested more than {DEEPEST} deep, or contains itself", _REMEDY)
        if self._again > SHARED:
            raise WrongInputError(f"{name} and others before it are {SHARED} times the same container", _REMEDY)
        self._met.add(which)
        self._above.append(which)


def _inside(value: Any, name: str) -> Iterable[tuple[Any, str]] | None:
    """Return what a container holds, each with its name; None for what is none."""
    if isinstance(value, Mapping):
        return ((one, f"{name}.{key}" if name else str(key)) for key, one in value.items())
    if isinstance(value, set | frozenset):  # sets are equal whatever their order
        value = sorted(map(repr, value))
    if isinstance(value, list | tuple):
        return ((one, f"{name}[{number}]") for number, one in enumerate(value))
    return None


def _contents(value: Any) -> Any:
    """Return the weights of a model and the fields of a record, any other value as it is."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.nn.Module):
        return value.state_dict()
    keras = sys.modules.get("keras")
    if keras is not None and isinstance(value, keras.Model):
        return {getattr(one, "path", one.name): one for one in value.weights}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return value._asdict()
    return value


def _text(value: Any, name: str) -> str:
    """Return what stands for a value without numbers; an object whose text holds its address can never be equal."""
    shown = repr(value)
    if callable(value) or shown == object.__repr__(value):
        raise WrongInputError(f"{name or 'the value'} is a {type(value).__name__}, which cannot be compared", _REMEDY)
    return value if isinstance(value, str) else shown


def _tensor(value: Any, name: str) -> Tensor | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return Tensor(name, "float64", (), struct.pack("<d", value))
    if isinstance(value, int):
        return Tensor(name, "int64", (), struct.pack("<q", value)) if -_INT64 <= value < _INT64 else None
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return _of_torch(torch, value, name)
    return _of_array(value, name) if hasattr(value, "__array__") and hasattr(value, "dtype") else None


def _of_torch(torch: Any, value: Any, name: str) -> Tensor:
    dense = value.detach().cpu().resolve_conj().resolve_neg()
    dense = torch.view_as_real(dense) if dense.is_complex() else dense
    if dense.layout != torch.strided or dense.is_quantized:
        dense = dense.dequantize() if dense.is_quantized else dense.to_dense()
    raw = dense.contiguous().reshape(-1).view(torch.uint8)
    held = raw.numpy().tobytes() if "numpy" in sys.modules else bytes(raw.tolist())
    return _known(Tensor(name, str(dense.dtype).removeprefix("torch."), tuple(dense.shape), held))


def _of_array(value: Any, name: str) -> Tensor | None:
    """Return an array of NumPy, JAX or TensorFlow; None for one of texts or objects."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is None:
        return None
    array = numpy.ascontiguousarray(numpy.asarray(value)).reshape(numpy.shape(value))
    if array.dtype.kind == "c":
        array = array.view(array.real.dtype).reshape(*array.shape, 2)
    if array.dtype.kind in "OSUMm":
        return None
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    return _known(Tensor(name, array.dtype.name, tuple(array.shape), array.tobytes()))


def _known(tensor: Tensor) -> Tensor:
    if tensor.dtype not in FORMATS:
        raise WrongInputError(f"{tensor.name} is of {tensor.dtype}, which cannot be compared", "convert it to float32")
    return tensor
