"""What rules share about cards, their links and what NVML says of them; no rule stands here."""
