"""One frozen row type per table, by topic; `gpusetup.facts.Facts` says which table has which."""
