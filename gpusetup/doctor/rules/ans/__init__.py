"""ANS: answers of NVML that are missing or contradict each other."""
