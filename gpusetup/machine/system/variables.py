"""The list of variables whose values are recorded, each with the form that is kept of it.

First what a rule of the doctor reads (`tests/machine/test_machine_environment.py` looks them up in the rules), then
what explains numbers, speed and failures to a reader of a report.
"""

from __future__ import annotations

from gpusetup.machine.system.variable_shapes import (
    Shape,
    devices,
    flags,
    names,
    number,
    numbers,
    paths,
    requirement,
    settings,
    word_of,
    words_of,
)

FAMILIES = (
    "ACCELERATE_", "AUTOGRAD_", "CUBLAS_", "CUBLASLT_", "CUDA_", "CUDNN_", "CUFFT_", "GLOO_", "GOMP_", "HIP_", "JAX_",
    "KMP_", "MKL_", "NCCL_", "NSIGHT_", "NVIDIA_", "NVTE_", "OMP_", "ONEDNN_", "PYTORCH_", "ROCR_", "TORCH_",
    "TORCHINDUCTOR_", "TRITON_", "XLA_",
    "TF_CPP_", "TF_CPU_", "TF_CUDNN_", "TF_DETERMINISTIC_", "TF_DISABLE_", "TF_ENABLE_", "TF_FORCE_", "TF_FP16_",
    "TF_GPU_", "TF_INTER_", "TF_INTRA_", "TF_NUM_", "TF_USE_", "TF_XLA_",
)  # fmt: skip
"""How the names of all others begin of which it is told that they are set."""

XLA = (
    "--xla_gpu_deterministic_ops", "--xla_gpu_exclude_nondeterministic_ops", "--xla_gpu_autotune_level",
    "--xla_gpu_enable_triton_gemm", "--xla_gpu_enable_cublaslt", "--xla_gpu_graph_level",
    "--xla_gpu_enable_fast_min_max",
    "--xla_gpu_enable_command_buffer", "--xla_gpu_enable_latency_hiding_scheduler",
    "--xla_gpu_force_compilation_parallelism",
    "--xla_gpu_unsafe_fallback_to_driver_on_ptxas_not_found", "--xla_force_host_platform_device_count",
    "--xla_cpu_multi_thread_eigen", "--xla_cpu_enable_fast_math", "--xla_cpu_max_isa",
    "--xla_backend_optimization_level",
    "--xla_allow_excess_precision", "--xla_gpu_ftz", "--tf_xla_auto_jit", "--tf_xla_cpu_global_jit",
    "--tf_xla_enable_xla_devices",
)  # fmt: skip
ALLOCATOR = (
    "expandable_segments", "max_split_size_mb", "garbage_collection_threshold", "roundup_power2_divisions", "backend",
    "pinned_use_cuda_host_register", "release_lock_on_cudamalloc",
)  # fmt: skip
_ISA = (
    "SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI", "AVX512_CORE_BF16", "AVX512_CORE_FP16",
    "AVX512_CORE_AMX", "AVX10_1_512", "DEFAULT", "ALL",
)  # fmt: skip

_BY_SHAPE: tuple[tuple[Shape, tuple[str, ...]], ...] = (
    (devices, ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")),
    (number, (
        "CUDA_CACHE_DISABLE", "CUDA_DEVICE_WAITS_ON_EXCEPTION", "CUDA_DISABLE_PTX_JIT",
        "CUDA_ENABLE_COREDUMP_ON_EXCEPTION", "CUDA_FORCE_PTX_JIT", "CUDA_LAUNCH_BLOCKING", "CUDA_PROFILE",
        "MKL_NUM_THREADS", "NSIGHT_CUDA_DEBUGGER", "NVIDIA_TF32_OVERRIDE", "OMP_NUM_THREADS",
        "TF_CUDNN_DETERMINISTIC", "TF_CUDNN_USE_FRONTEND", "TF_DETERMINISTIC_OPS", "TF_ENABLE_ONEDNN_OPTS",
        "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    )),
    (numbers, ("CUBLAS_WORKSPACE_CONFIG",)),
    (word_of("PCI_BUS_ID", "FASTEST_FIRST"), ("CUDA_DEVICE_ORDER",)),
    (word_of(*_ISA), ("ONEDNN_MAX_CPU_ISA",)),
    (word_of("avx2", "avx512", "vsx", "zvector", "sve256"), ("ATEN_CPU_CAPABILITY",)),
    (words_of("AUTO", "COMPATIBLE", "BRANCH", "SSE2", "SSE4_2", "AVX", "AVX2", "AVX512", "STRICT"), ("MKL_CBWR",)),
    (word_of("tensorflow", "torch", "jax", "numpy", "openvino"), ("KERAS_BACKEND",)),
    (words_of("all", "compute", "compat32", "graphics", "utility", "video", "display", "ngx"),
     ("NVIDIA_DRIVER_CAPABILITIES",)),
    (requirement, ("NVIDIA_REQUIRE_CUDA",)),
    (flags(*XLA), ("XLA_FLAGS",)),
    (paths, (
        "CUDA_HOME", "CUDA_INJECTION32_PATH", "CUDA_INJECTION64_PATH", "CUDA_PATH", "LD_AUDIT", "LD_LIBRARY_PATH",
        "LD_PRELOAD", "NVCC_CCBIN", "PYTHONHOME", "PYTHONPATH",
    )),
    # for readers
    (number, (
        "CUDA_CACHE_MAXSIZE", "CUDA_DEVICE_MAX_CONNECTIONS", "GOTO_NUM_THREADS",
        "JAX_ENABLE_X64", "LD_BIND_NOW", "NCCL_IB_DISABLE", "NCCL_P2P_DISABLE", "NCCL_SHM_DISABLE",
        "NUMEXPR_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED", "PYTHONNOUSERSITE",
        "PYTORCH_NO_CUDA_MEMORY_CACHING",
        "TF_CPP_MIN_LOG_LEVEL", "TF_FORCE_GPU_ALLOW_GROWTH", "TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS",
        "TORCH_CUDNN_V8_API_DISABLED", "TORCHINDUCTOR_FORCE_DISABLE_CACHES", "XLA_PYTHON_CLIENT_MEM_FRACTION",
        "XLA_PYTHON_CLIENT_PREALLOCATE",
    )),
    (word_of("LAZY", "EAGER"), ("CUDA_MODULE_LOADING",)),
    (word_of("VERSION", "WARN", "INFO", "TRACE", "ABORT"), ("NCCL_DEBUG",)),
    (word_of("LOC", "NVL", "PIX", "PXB", "PHB", "SYS"), ("NCCL_NET_GDR_LEVEL", "NCCL_P2P_LEVEL")),
    (words_of("cpu", "cuda", "gpu", "tpu", "rocm"), ("JAX_PLATFORMS", "JAX_PLATFORM_NAME")),
    (word_of("INTEL", "GNU", "TBB", "SEQUENTIAL"), ("MKL_THREADING_LAYER",)),
    (word_of("close", "spread", "master", "primary", "TRUE", "FALSE"), ("OMP_PROC_BIND",)),
    (names, ("NCCL_IB_HCA", "NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME")),
    (settings(*ALLOCATOR), ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF")),
    (flags(*XLA), ("TF_XLA_FLAGS",)),
    (paths, (
        "CONDA_PREFIX", "CPATH", "CUDAHOSTCXX", "CUDA_CACHE_PATH", "CUDNN_PATH", "KERAS_HOME", "LIBRARY_PATH",
        "VIRTUAL_ENV",
    )),
)  # fmt: skip

KEPT: dict[str, Shape] = {name: shape for shape, listed in _BY_SHAPE for name in listed}
"""Name → what is kept of the value."""
