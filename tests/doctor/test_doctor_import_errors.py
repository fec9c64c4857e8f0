"""What frameworks and the dynamic loader write is decoded: texts of public threads, and what each means."""

from __future__ import annotations

import pytest

from gpusetup.doctor.registry import all_rules
from gpusetup.doctor.software.import_errors import OTHERWISE, RUNNING, meaning, reported
from gpusetup.doctor.table import read_table

ROWS = read_table("software/import_errors", list[dict[str, str]])
TEXTS = [
    # (rule, what its words have to name, the text as it stands in the thread that the row names)
    ("FWK205", "two cuDNN versions", "RuntimeError: cudnn_status: CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH"),
    ("FWK205", "one version", "RuntimeError: cuDNN error: CUDNN_STATUS_VERSION_MISMATCH"),
    ("FWK205", "cannot be loaded", "RuntimeError: cuDNN error: CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED"),
    (
        "FWK204",
        "8.5.0 is loaded",
        "Loaded runtime CuDNN library: 8.5.0 but source was compiled with: 8.6.0.  CuDNN library",
    ),
    (
        "FWK204",
        "8, 5, 0",
        "PyTorch was compiled  against (8, 7, 0) but found runtime version (8, 5, 0). PyTorch already",
    ),
    ("FWK302", "libcuda.so.1", "cudart_stub.cc:28] Could not find cuda drivers on your machine, GPU will not be used."),
    (
        "FWK302",
        "libcuda.so.1",
        "dso_loader.cc:55] Could not load dynamic library 'libcuda.so.1'; dlerror: libcuda.so.1",
    ),
    ("FWK207", "libcudart.so.11.0", "dso_loader.cc:64] Could not load dynamic library 'libcudart.so.11.0'; dlerror: x"),
    ("FWK207", "cuSPARSE", "RuntimeError: Unable to load cuSPARSE. Is it installed?"),
    (
        "FWK207",
        "cuSPARSE",
        "operation cusparseGetProperty(MAJOR_VERSION, &major) failed: The cuSPARSE library was not found.",
    ),
    (
        "FWK206",
        "libdevice",
        "OP_REQUIRES failed at xla_ops.cc:362 : INTERNAL: libdevice not found at ./libdevice.10.bc",
    ),
    (
        "FWK206",
        "ptxas",
        "asm_compiler.cc:85] Couldn't get ptxas version string: INTERNAL: Couldn't invoke ptxas --version",
    ),
    ("FWK206", "ptxas", "UNAVAILABLE: No PTX compilation provider is available. Neither ptxas/nvlink nor nvjtlink"),
    (
        "FWK301",
        "35",
        "The NVIDIA driver on your system is too old (found version 11000). Please update your GPU driver",
    ),
    ("FWK301", "803", "Error 803: system has unsupported display driver / cuda driver combination"),
    ("FWK301", "804", "cudaErrorCompatNotSupportedOnDevice: forward compatibility was attempted on non supported HW"),
    ("FWK301", "34", "CUDA_ERROR_STUB_LIBRARY: the CUDA driver that the application has loaded is a stub library"),
    ("FWK302", "802", "RuntimeError: cuda runtime error (802) : system not yet initialized at THCGeneral.cpp:50"),
    ("FWK302", "100", "RuntimeError: No CUDA GPUs: no CUDA-capable device is detected"),
    ("FWK302", "101", "RuntimeError: CUDA error: invalid device ordinal"),
    ("FWK302", "999", "RuntimeError: CUDA unknown error - this may be due to an incorrectly set up environment"),
    (
        "FWK306",
        "error 3",
        "RuntimeError: CUDA driver initialization failed, you might not have a CUDA gpu.",
    ),
    ("FWK208", "cuSPARSE", "Outdated cuSPARSE installation found.\nVersion JAX was built against: 12200"),
    ("FWK303", "memory", "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB."),
    (
        "FWK303",
        "cuBLAS",
        "RuntimeError: CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasLtMatmulAlgoGetHeuristic(",
    ),
    ("FWK305", "46", "RuntimeError: CUDA error: CUDA-capable device(s) is/are busy or unavailable"),
    ("FWK304", "214", "CUDA error: uncorrectable ECC error encountered"),
    ("FWK304", "702", "CUDA error: the launch timed out and was terminated"),
    ("FWK304", "700", "CUDA error: an illegal memory access was encountered"),
    ("FWK304", "719", "CUDA error: unspecified launch failure"),
    (
        "FWK002",
        "libcudnn.so.9",
        "ImportError: libcudnn.so.9: cannot open shared object file: No such file or directory",
    ),
    ("FWK002", "libcudnn_ops.so", "Unable to load any of {libcudnn_ops.so.9.1.0, libcudnn_ops.so.9.1}"),
    ("FWK003", "NCCL", "ImportError: libtorch_cuda.so: undefined symbol: ncclCommRegister"),
    ("FWK003", "MKL", "ImportError: libtorch_cpu.so: undefined symbol: iJIT_NotifyEvent"),
    ("FWK003", "libcublasLt", "libcublas.so.11: undefined symbol: cublasLtGetStatusString, version libcublasLt.so.11"),
    ("FWK003", "libcublasLt", "libcublas.so.11: symbol cublasLtGetStatusString version libcublasLt.so.11 not defined"),
    (
        "FWK003",
        "LD_LIBRARY_PATH",
        "libcusparse.so.12: undefined symbol: __nvJitLinkAddData_12_1, version libnvJitLink.so.12",
    ),
    (
        "FWK003",
        "_ZN5torch",
        "libtorch_python.so: undefined symbol: _ZN5torch4cuda4nccl6detail16throw_nccl_errorE12ncclResult_t",
    ),
    ("FWK003", "GLIBC_2.32", "/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.32' not found"),
    ("FWK003", "cuDNN", "RuntimeError: cuDNN version incompatibility: PyTorch was compiled"),
    ("FWK003", "thread-local", "ImportError: libgomp.so.1: cannot allocate memory in static TLS block"),
    ("FWK003", "truncated", "OSError: libcudnn.so.9: file too short"),
    ("FWK003", "NumPy", "AttributeError: _ARRAY_API not found"),
    ("FWK001", "typing_extensions", "ModuleNotFoundError: No module named 'typing_extensions'"),
]


@pytest.mark.parametrize(
    ("rule", "words", "text"), TEXTS, ids=[f"{rule}-{number}" for number, (rule, *_) in enumerate(TEXTS)]
)
def test_the_text_of_a_thread_is_decoded(rule: str, words: str, text: str) -> None:
    said = reported([text]) if rule.startswith(RUNNING) else meaning(text)
    assert said is not None
    assert said.rule == rule
    assert words in said.words


def test_every_row_is_met_by_a_text_and_names_a_rule_and_a_source() -> None:
    met = {said.words for _, _, text in TEXTS for said in (reported([text]), meaning(text)) if said}
    for row in ROWS:
        assert row["rule"] in all_rules()
        assert row["source"]
        beginning = row["means"].partition("{")[0]
        assert any(words.startswith(beginning) for words in met), row["says"]


def test_a_remedy_of_a_row_is_one_that_its_rule_declares() -> None:
    for row in ROWS:
        if "fix" in row:
            assert row["fix"] in all_rules()[row["rule"]].remedies


def test_what_no_row_knows_is_quoted_and_never_taken_for_another() -> None:
    assert meaning("ImportError: something new").words == "ImportError: something new"
    assert meaning("ImportError: something new").rule == OTHERWISE
    assert reported(["RuntimeError: something new", ""]) is None
