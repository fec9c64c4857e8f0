"""One module per topic; each rule takes the machine and the image."""
