"""Known upstream defects: which wrong cases the table of facts explains, and whether its work-around removes them."""
