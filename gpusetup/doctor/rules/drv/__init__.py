"""DRV: the driver: installed, answering, supported, of one maker."""
