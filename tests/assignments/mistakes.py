"""Usual mistakes: an assignment, a task, what is put in the place of what in its solution, and words that the test then says."""

MISTAKES = {
    "without the time constant": (
        "1-synapse",
        (
            "step",
            ("spike * charge / time_constant", "spike * charge"),
        ),
        "A spike of 10 pC, with 5 ms",
    ),
    "the other sign": (
        "1-synapse",
        (
            "step",
            ("-step_time", "step_time"),
        ),
        "are left. Yours leaves 2.44",
    ),
    "in place": (
        "1-synapse",
        (
            "step",
            ("return current *", "current *= 1.0\n    current +="),
            ("+ spike", "\n    return current + spike"),
        ),
        "step",
    ),
    "a step late": (
        "1-synapse",
        (
            "run",
            ("currents.append(current)", "pass"),
            ("        current = step", "        currents.append(current)\n        current = step"),
        ),
        "At step 1",
    ),
    "one list of one tensor": (
        "1-synapse",
        (
            "run",
            ("current, currents = 0.0", "current, currents = torch.zeros(1)"),
            ("current = step(", "current[:] = step("),
        ),
        "At step 0",
    ),
    "after its moment": (
        "1-synapse",
        (
            "closed",
            ("<= time", "< time"),
        ),
        "In the moment of the spike",
    ),
    "half a step": (
        "1-synapse",
        (
            "charge",
            ("(1 - math.exp(-step_time / time_constant))", "(step_time / (time_constant + step_time / 2))"),
        ),
        "add up to",
    ),
    "the old history": (
        "2-delay-line",
        (
            "push",
            ("return torch", "history[1:] = history[:-1].clone()\n    history[0] = spikes\n    return history\n    return torch"),
        ),
        "has been changed",
    ),
    "oldest first": (
        "2-delay-line",
        (
            "push",
            ("[spikes[None], history[:-1]]", "[history[1:], spikes[None]]"),
        ),
        "stand in row 0",
    ),
    "transposed": (
        "2-delay-line",
        (
            "arriving",
            ("gather(0, steps)", "gather(0, steps).T"),
        ),
        "the newest row",
    ),
    "not rounded": (
        "2-delay-line",
        (
            "arriving",
            (".round().long()", ".long()"),
        ),
        "1.3 ms are 13 of them",
    ),
    "read, then pushed": (
        "2-delay-line",
        (
            "currents",
            ("        history = push(history, spikes)\n", ""),
            ("    return", "        history = push(history, spikes)\n    return"),
            ("torch.zeros(longest + 1", "torch.zeros(longest + 2"),
        ),
        "3 nA in step 2",
    ),
    "as they fire": (
        "2-delay-line",
        (
            "align",
            ("max(moments) - moment", "moment - min(moments)"),
        ),
        "not together",
    ),
    "the other ear": (
        "2-delay-line",
        (
            "locate",
            ("lag >= 0", "lag < 0"),
        ),
        "3 steps later, but yours is -3",
    ),
    "the first of several": (
        "2-delay-line",
        (
            "locate",
            (", key=abs", ""),
        ),
        "Spikes at",
    ),
    "before the spike": (
        "3-stdp",
        (
            "trace",
            ("        values.append(value)\n", ""),
            ("        value = value", "        values.append(value)\n        value = value"),
        ),
        "In the step of the spike it is 1",
    ),
    "steps for ms": (
        "3-stdp",
        (
            "trace",
            ("-step_time", "-1"),
        ),
        "Steps of 2 ms",
    ),
    "constants exchanged": (
        "3-stdp",
        (
            "change",
            ("-lag / tc_pre", "-lag / tc_post"),
            ("lag / tc_post)\n    return", "lag / tc_pre)\n    return"),
        ),
        "the library's rule",
    ),
    "both at once": (
        "3-stdp",
        (
            "change",
            ("lag > 0", "lag >= 0"),
        ),
        "A lag of 0.0 ms",
    ),
    "its own trace": (
        "3-stdp",
        (
            "learn",
            ("* x_pre[index]", "* x"),
            ("* x_post[index]", "* x_pre[index]"),
            ("* x +", "* x_post[index] +"),
        ),
        "A single pair",
    ),
    "neighbours": (
        "3-stdp",
        (
            "pairs",
            ("for before in pre_times for after in post_times", "for before, after in zip(pre_times, post_times)"),
        ),
        "Lags of 15, 5",
    ),
    "a wrong sign": (
        "3-stdp",
        (
            "balance",
            ("-ratio", "ratio"),
        ),
        "lr_pre is below 0",
    ),
    "equal constants": (
        "3-stdp",
        (
            "balance",
            (" * tc_pre / tc_post", ""),
        ),
        "a ratio of 1.0",
    ),
    "all images together": (
        "4-receptive-fields",
        (
            "scaled",
            ("sum(1, keepdim=True)", "sum()"),
        ),
        "yours go from",
    ),
    "the digits themselves": (
        "4-receptive-fields",
        (
            "scaled",
            ("return total * images / ", "images *= total / "),
            ("keepdim=True)", "keepdim=True)\n    return images"),
        ),
        "changed the digits",
    ),
    "not at rest": (
        "4-receptive-fields",
        (
            "learn",
            ("    rule.clear()\n", ""),
        ),
        "both cleared before",
    ),
    "one change at the end": (
        "4-receptive-fields",
        (
            "learn",
            ("        layer.update()", "    layer.update()"),
        ),
        "called in every step",
    ),
    "while it adapts": (
        "4-receptive-fields",
        (
            "responses",
            ("    layer.eval()\n", ""),
        ),
        "Thresholds have risen",
    ),
    "the sum": (
        "4-receptive-fields",
        (
            "preferred",
            (".mean(0)", ".sum(0)"),
        ),
        "Did you take the sum",
    ),
    "a list": (
        "4-receptive-fields",
        (
            "preferred",
            ("argmax(0)", "argmax(0).tolist()"),
        ),
        "should return a tensor, but returns a list",
    ),
    "nobody's digit": (
        "4-receptive-fields",
        (
            "read",
            ("-1.0", "0.0"),
        ),
        "so it cannot be read",
    ),
}
