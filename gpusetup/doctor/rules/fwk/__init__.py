"""FWK: frameworks as their import shows them (``--deep``)."""
