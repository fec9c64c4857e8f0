"""What rules share about libraries, frameworks and containers; no rule stands here."""
