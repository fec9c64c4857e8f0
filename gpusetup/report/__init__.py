"""Shows results: text for people, JSON and others for machines."""
