"""What no sheet has, by its name in PyTorch, and what to write instead."""

from __future__ import annotations

__all__ = ["INSTEAD", "REFUSED", "WEIGHTS_OF"]

_BATCH = "it mixes the rows of a batch; use LayerNorm, which a sheet has row by row"
_STATE = (
    "it carries a state from step to step of a sequence, in gates of its own; write the steps that "
    "you want with Linear, Tanh and Sigmoid"
)
_ATTENTION = (
    "it is made of many parts that a sheet would not show; write it out with Linear, "
    "torch.softmax and @"
)

REFUSED: dict[str, str] = {
    **{f"BatchNorm{n}d": _BATCH for n in (1, 2, 3)},
    "SyncBatchNorm": _BATCH,
    **dict.fromkeys(("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"), _STATE),
    **dict.fromkeys(
        (
            *("MultiheadAttention", "Transformer", "TransformerEncoder", "TransformerDecoder"),
            *("TransformerEncoderLayer", "TransformerDecoderLayer"),
        ),
        _ATTENTION,
    ),
    **{
        f"{kind}{n}d": "it normalizes by channels; use LayerNorm"
        for kind in ("InstanceNorm", "LazyInstanceNorm", "LazyBatchNorm")
        for n in (1, 2, 3)
    },
    "GroupNorm": "it normalizes by groups of channels; use LayerNorm",
    "RMSNorm": "write x / (x*x).mean(-1, keepdim=True).sqrt() and a weight, or use LayerNorm",
    "EmbeddingBag": "use Embedding, and .mean(1) behind it",
    "CosineSimilarity": "write it out with sums and square roots",
}
"""Modules of torch.nn, and what to do instead."""

WEIGHTS_OF = {
    "ParametrizationList": "take torch.nn.utils.parametrize.remove_parametrizations first",
}
"""Modules by which weights of another one are computed."""

_LOSS = "a loss is none of the module's: return what it predicts, and hand over the loss beside it"
_STEPS = "it is flat wherever it does not jump, so that nothing behind it learns; leave it out"
_SUM = "write it with sums, squares and square roots"

INSTEAD: dict[str, str] = {
    "log1p": "write torch.log(1 + x)",
    "expm1": "write torch.exp(x) - 1",
    "log2": "write torch.log(x) / math.log(2)",
    "log10": "write torch.log(x) / math.log(10)",
    "exp2": "write 2**x",
    "float_power": "write x**n",
    "tan": "write torch.sin(x) / torch.cos(x)",
    "sinh": "write (torch.exp(x) - torch.exp(-x)) / 2",
    "cosh": "write (torch.exp(x) + torch.exp(-x)) / 2",
    "logit": "write torch.log(p / (1 - p))",
    "special_expit": "write torch.sigmoid(x)",
    "logaddexp": "write a + torch.nn.functional.softplus(b - a)",
    "lerp": "write a + weight * (b - a)",
    "addcmul": "write a + value * b * c",
    "addcdiv": "write a + value * b / c",
    "hypot": "write (a*a + b*b).sqrt()",
    **dict.fromkeys(
        ("sign", "floor", "ceil", "round", "trunc", "floordiv", "floor_divide"), _STEPS
    ),
    **dict.fromkeys(("argmax", "argmin", "argsort"), _STEPS),
    **dict.fromkeys(("topk", "sort", "msort"), "a sheet has the first alone: use max(dim)"),
    "hstack": "write torch.cat([a, b], dim=1)",
    "vstack": "write torch.stack or torch.cat with dim=1",
    "inner": "write (a * b).sum(-1), or a @ b",
    **dict.fromkeys(("mod", "fmod", "remainder"), "take the remainder of the data beforehand"),
    **dict.fromkeys(("fmax", "fmin"), "write torch.maximum or torch.minimum"),
    **dict.fromkeys(("var", "std", "norm", "linalg_norm", "linalg_vector_norm"), _SUM),
    **dict.fromkeys(("normalize", "cosine_similarity", "cdist", "dist"), _SUM),
    "logsumexp": "write m + torch.log(torch.exp(x - m).sum(-1, keepdim=True)), m = x.max(-1)[0]",
    "prod": "write the product of the columns: x[:, 0] * x[:, 1]",
    "cumsum": "write x @ a matrix of ones above 0s",
    "einsum": "write it with @, * and sum",
    "median": "take max(dim), or mean(dim)",
    "amin": "it shares the derivative among equal numbers; use min(dim)",
    "amax": "it shares the derivative among equal numbers; use max(dim)",
    **{f"batch_norm{end}": _BATCH for end in ("", "1d", "2d")},
    "scaled_dot_product_attention": "write torch.softmax(q @ k.transpose(-1, -2) * scale, -1) @ v",
    **dict.fromkeys(
        (
            *("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "cross_entropy", "nll_loss"),
            *("binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div"),
        ),
        _LOSS,
    ),
    **dict.fromkeys(
        ("item", "numpy", "tolist"),
        "it takes a number out of torch, so that no derivative flows; leave it out",
    ),
}
"""Functions and methods of tensors, and what to do instead."""
