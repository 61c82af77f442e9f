"""Exercises of the chapter on whether focal loss helps."""

from ...expr.hypotheses import Share
from ...notation import alpha, beta
from ..exercise import Exercise
from ..mistakes import Mistake

HALF = Exercise(
    name="help-report-of-one-half",
    chapter="does_it_help",
    question=(
        r"A model was trained perfectly with focal loss. Positives had the weight $\alpha$ and "
        r"negatives $1 - \alpha$. For some cases it reports one half. What share of them is "
        r"positive? The answer is a formula in $\alpha$."
    ),
    asks=lambda: 1 - alpha,
    given=(Share(alpha),),
    hints=(
        r"At a logit of 0, $\sigma$ and $1 - \sigma$ are equal.",
        r"With the share $q$, the pulls of both sides are equal: $q \alpha = (1 - q)(1 - \alpha)$.",
    ),
    mistakes=(
        Mistake(
            "the weight itself",
            alpha,
            r"A large weight of the positives makes the reports too high, not too low.",
        ),
    ),
)

THRESHOLD = Exercise(
    name="help-threshold",
    chapter="does_it_help",
    question=(
        r"A model was trained perfectly with cross entropy and the weight $\beta$ for the "
        "positives. You want an alarm where the true probability is at least one half. At which "
        "report is that?"
    ),
    asks=lambda: beta / (1 + beta),
    hints=(
        r"The weight multiplies the odds by $\beta$.",
        "A probability of one half means odds of 1.",
    ),
    mistakes=(
        Mistake(
            "the weight the other way round",
            1 / (1 + beta),
            "This is the truth behind a report of one half. The reports are higher than the truth.",
        ),
    ),
)
