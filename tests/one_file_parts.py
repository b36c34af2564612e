"""Files that add something to the package, one each, as somebody would write them."""

from __future__ import annotations

CUT_OFF = '''
    """Cut off at both ends: -1 to 1."""

    from dataclasses import dataclass

    from xlsgd.training.nets.layer import Layer
    from xlsgd.training.nets.silence import Silence

    __all__ = ["LAYER", "CutOff"]


    @dataclass(frozen=True)
    class CutOff(Layer):
        """x, but -1 below -1 and 1 above 1, as torch.nn.Hardtanh; its slope there is 0."""

        name = "CutOff"
        short = "hard"
        summary = "max(-1, min(1, x))"
        silence = Silence((-1.0, 1.0))
        kinks = (-1.0, 1.0)

        def forward(self, x, p):
            return [f"MAX(-1,MIN(1,{value}))" for value in x]

        def backward(self, grad, x, y, p):
            return [f"IF(ABS({value})<1,{g},0)" for g, value in zip(grad, x, strict=True)]

        def module(self):
            from torch import nn

            return nn.Hardtanh()


    LAYER = CutOff
'''


PULLED = '''
    """Adam that shrinks the weights a little at every step, beside what the gradient asks for."""

    from xlsgd.base.columns import Input
    from xlsgd.training.optimizers.adam import Adam
    from xlsgd.training.optimizers.optimizer import column

    __all__ = ["OPTIMIZER", "Pulled"]


    class Pulled(Adam):
        """p * (1 - learning_rate * weight_decay), then as Adam; as torch.optim.AdamW."""

        name = "pulled"
        order = 80
        summary = "Adam, and every weight shrinks by learning_rate·weight_decay of itself"
        torch_line = "torch.optim.AdamW(params, lr, betas, eps, weight_decay)"
        hyperparameters = (
            *Adam.hyperparameters,
            Input("weight_decay", 0.3, "how strongly weights are pulled to 0", minimum=0),
        )
        uses_weight = True

        def columns(self, p, g):
            *before, _ = super().columns(p, g)
            return [
                *before,
                column(
                    f"new.{p}",
                    f"={{param.{p}}}*(1-{{learning_rate}}*{{weight_decay}})"
                    f"-{{learning_rate}}*{{m_hat.{p}}}/(SQRT({{v_hat.{p}}})+{{eps}})",
                    paper=f"{p}·(1 − learning_rate·weight_decay) − learning_rate·m̂ / (√v̂ + eps)",
                    note=f"{p} after this step",
                    torch_line=f"{self.torch_line}.step(); {p}",
                ),
            ]

        def torch_optimizer(self, parameters, learning_rate, hyper):
            import torch

            return torch.optim.AdamW(
                parameters,
                lr=learning_rate,
                betas=(hyper["beta1"], hyper["beta2"]),
                eps=hyper["eps"],
                weight_decay=hyper["weight_decay"],
                differentiable=True,
            )


    OPTIMIZER = Pulled()
'''


CROSS_ENTROPY = '''
    """Binary cross-entropy of a logit: how surprised one is by y, 0 or 1, in nats."""

    import math

    from xlsgd.training.losses.loss import Loss

    __all__ = ["LOSS", "BinaryCrossEntropy"]


    class BinaryCrossEntropy(Loss):
        """-ln of the probability that the logit pred gives to y; as torch's BCEWithLogitsLoss."""

        name = "binary cross-entropy"
        paper = "max(pred, 0) − pred·y + ln(1 + e^−|pred|)"
        paper_gradient = "σ(pred) − y"
        torch = "torch.nn.functional.binary_cross_entropy_with_logits(pred, y, reduction='none')"
        unit = "nats"
        exact_labels = True
        cut = 0.0

        def forward(self, pred, y):
            e = f"EXP(-ABS({pred}))"
            # As torch has it, cancelling where torch cancels; 2·ATANH(e/(2 + e)) is ln(1 + e).
            return f"(1-{y})*({pred})-(MIN(0,{pred})-2*ATANH({e}/(2+{e})))"

        def backward(self, pred, y):
            e = f"EXP(-ABS({pred}))"
            return f"IF({pred}<0,{e},1)/(1+{e})-{y}"

        def module(self):
            import torch

            class OnLabels(torch.nn.BCEWithLogitsLoss):
                def forward(self, pred, y):
                    assert ((y == 0) | (y == 1)).all(), "labels that are none"
                    return super().forward(pred, y)

            return OnLabels(reduction="none")

        def constant(self, y):
            share = sum(y) / len(y)
            return -sum(p * math.log(p) for p in (share, 1 - share) if p)


    LOSS = BinaryCrossEntropy()
'''


SWING = '''
    """Half a cosine: from the learning rate down to nothing, and no further."""

    from xlsgd.base.columns import Input
    from xlsgd.training.schedules.schedule import Schedule

    __all__ = ["SCHEDULE", "Swing"]


    class Swing(Schedule):
        """learning_rate * (1 + cos(pi * (step - 1)/cosine_steps))/2, up and down again after that;
        as torch.optim.lr_scheduler.CosineAnnealingLR."""

        name = "swing"
        order = 3
        summary = "learning_rate·(1 + cos(π·(step − 1)/cosine_steps))/2"
        torch_line = "torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, cosine_steps)"
        hyperparameters = (
            Input("cosine_steps", 10.0, "steps from the learning rate to 0", minimum=1),
        )

        def rate(self):
            return "{learning_rate}*(1+COS(PI()*({step}-1)/{cosine_steps}))/2"

        def torch_scheduler(self, optimizer, hyper):
            from torch.optim.lr_scheduler import CosineAnnealingLR

            return CosineAnnealingLR(optimizer, hyper["cosine_steps"])


    SCHEDULE = Swing()
'''


CLASSES = '''
    """Cross-entropy of several predictions: how surprised one is by the class y, in nats."""

    from xlsgd.training.losses.loss import Loss

    __all__ = ["LOSS", "CrossEntropy"]


    class CrossEntropy(Loss):
        """-ln of the share that softmax gives to class y, counted from 0."""

        name = "surprise of classes"
        paper = "−ln softmax(pred)[y]"
        paper_gradient = "softmax(pred) − 1 for class y"
        torch = "torch.nn.functional.cross_entropy(pred, y, reduction='none')"
        unit = "nats"
        exact_labels = True
        several = True

        def of_row(self, preds, ys):
            (y,) = ys
            most, shares = self._shares(preds)
            chosen = preds[-1]
            for c, pred in reversed(list(enumerate(preds[:-1]))):
                chosen = f"IF({y}={c},{pred},{chosen})"
            return f"-(({chosen})-{most}-LN({'+'.join(shares)}))"

        def slopes(self, preds, ys):
            (y,) = ys
            _, shares = self._shares(preds)
            total = "+".join(shares)
            return [f"{share}/({total})-IF({y}={c},1,0)" for c, share in enumerate(shares)]

        def _shares(self, preds):
            most = f"MAX({','.join(preds)})"
            return most, [f"EXP(({pred})-{most})" for pred in preds]

        def label_fault(self, y, predictions):
            if y in range(predictions):
                return ""
            return f"a class, a whole number from 0 to {predictions - 1}"

        def module(self):
            import torch

            class OfClasses(torch.nn.CrossEntropyLoss):
                def forward(self, pred, y):
                    return super().forward(pred, y.long())

            return OfClasses(reduction="none")


    LOSS = CrossEntropy()
'''
