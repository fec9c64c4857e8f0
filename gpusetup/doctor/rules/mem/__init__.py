"""MEM: GPU memory: ECC, page retirement, row remapping, SRAM errors, InfoROM, repairs."""
