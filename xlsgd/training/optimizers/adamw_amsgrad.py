"""AdamW with AMSGrad: decay beside the step, and a step that never grows again."""

from __future__ import annotations

from xlsgd.training.optimizers.adamw import AdamW
from xlsgd.training.optimizers.amsgrad import AMSGrad

__all__ = ["OPTIMIZER", "AdamWAMSGrad"]


class AdamWAMSGrad(AdamW, AMSGrad):
    """AdamW with the largest v so far in place of v, as torch.optim.AdamW with amsgrad=True."""

    name = "adamw-amsgrad"
    order = 28
    torch_class = "AdamW"
    summary = "AdamW with v̂ from the largest v so far"
    torch_line = "torch.optim.AdamW(params, lr, betas, eps, weight_decay, amsgrad=True)"


OPTIMIZER = AdamWAMSGrad()
