"""Pure rules from a Machine to Findings; one module per topic under ``rules/``."""
