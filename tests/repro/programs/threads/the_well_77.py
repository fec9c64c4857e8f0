"""Goes on from a checkpoint that lacks the state of its schedule of learning rates. Depends on: interruption

Source: https://github.com/PolymathicAI/the_well/issues/77 (read 2026-11-30): the schedule's state was not stored, so
that a resumed run diverges from one without an interruption.
"""

import os
import time

import torch

torch.manual_seed(0)
model = torch.nn.Linear(4, 1)
optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
schedule = torch.optim.lr_scheduler.StepLR(optimiser, step_size=2, gamma=0.5)
begin = 0
if os.path.exists("recent.pt"):
    saved = torch.load("recent.pt")
    model.load_state_dict(saved["model_state_dict"])
    optimiser.load_state_dict(saved["optimizer_state_dict"])
    for group in optimiser.param_groups:
        group["lr"] = 0.1  # as the trainer sets it up anew
    begin = saved["epoch"]
for epoch in range(begin, 8):
    x = torch.rand(16, 4, generator=torch.Generator().manual_seed(epoch))
    optimiser.zero_grad()
    torch.nn.functional.mse_loss(model(x), x.sum(1, keepdim=True)).backward()
    optimiser.step()
    schedule.step()
    time.sleep(0.25)  # an epoch takes its time
    state = {"model_state_dict": model.state_dict(), "optimizer_state_dict": optimiser.state_dict(), "epoch": epoch + 1}
    torch.save(state, "recent.tmp")
    os.replace("recent.tmp", "recent.pt")
