"""The rules, one module per topic; a module is found by being here."""
