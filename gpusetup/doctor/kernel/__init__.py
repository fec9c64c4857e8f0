"""What rules share about the kernel, its log and how its modules are built; no rule stands here."""
