"""Results as one HTML page that people look at: no network, no build, nothing of the host that could run.

`read` tells the results apart, `sections/` turns each into sections (pure functions), `assemble` puts them into one
file. What a section looks like is content: `templates/` and `charts/` (Vega-Lite), `page.css` and `page.js`.
"""
