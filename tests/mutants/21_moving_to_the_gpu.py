"""Mutants of lesson 21: changes that make it fail, and the check that must see them."""

STATE_LEFT_BEHIND = (  # to() moves the parameters and forgets the buffers
    "import tinygrad_edu as te\n"
    "def to(self, device):\n"
    "    for x in self.parameters():\n"
    "        x._data = x.detach().to(device)._data\n"
    "        x.grad = None if x.grad is None else x.grad.to(device)\n"
    "    return self\n"
    "te.nn.Module.to = to"
)
HIDDEN_ITEM = (  # an optimizer that looks at a number in each step
    "import tinygrad_edu as te\n"
    "right = te.optim.Adam.step\n"
    "te.optim.Adam.step = lambda self: (self.params[0].grad.sum().item(), right(self))[1]"
)
NO_BOUNDS = (  # indices are taken as they are
    "from tinygrad_edu.ops import index\nindex.check_indices = lambda *_, **__: None"
)
IMPLICIT = (  # the stand-in turns into a NumPy array without a word
    "from tinygrad_edu.backend.pretend_array import PretendArray\n"
    "PretendArray.__array__ = lambda self, dtype=None, copy=None: self.get()"
)
MIXING = (  # the stand-in takes NumPy arrays as factors
    "from tinygrad_edu.backend.pretend import PretendArray\n"
    "right = PretendArray.__mul__\n"
    "PretendArray.__mul__ = lambda a, b: right(\n"
    "    a, PretendArray(b) if type(b).__name__ == 'ndarray' else b)"
)
CHANGED = (  # a weight is changed when the model moves
    "import tinygrad_edu as te\n"
    "right = te.nn.Module.to\n"
    "def to(self, device):\n"
    "    right(self, device)\n"
    "    for x in [*self.parameters()][:1] if device != 'cpu' else []:\n"
    "        x.data = 1.001 * x.detach().data\n"
    "    return self\n"
    "te.nn.Module.to = to"
)
MUTANTS = {
    "a hidden .item() in the optimizer": (HIDDEN_ITEM, (), "copies: nothing"),
    "buffers stay on the host": (STATE_LEFT_BEHIND, (), "on the host until"),
    "indices are not looked at": (NO_BOUNDS, (), "entry 4 of 3, of the tensor"),
    "the stand-in converts silently": (IMPLICIT, (), "np.asarray of the raw array"),
    "the stand-in takes NumPy arrays": (MIXING, (), "a raw array and a NumPy array"),
    "weights changed on their way": (CHANGED, (), "same seed"),
    "the total is looked at": (
        "", ("self.steps += 1", "self.steps += int(loss > 0)"), "copies: total",
    ),
    "operations without a part of the second layer": (
        "", ("+ 2 * 128 * 10 * 3)", "+ 2 * 128 * 10 * 2)"), "operations: 6 for a weight",
    ),
    "the border of another column": (
        "", ("times[column] < times[0] else", "times[1] < times[0] else"), "pays, with copies",
    ),
    "the host waits before it looks": (
        "",
        ("range(4)]\n", "range(4) if not gate.set()]\n    [task.result() for task in asked]\n"),
        "done so far",
    ),
}  # fmt: skip
