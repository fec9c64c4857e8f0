"""The verdicts, one module per question; each is a pure function of the runs."""
