"""The page of the data sets that networks learn from and are asked by: each as the catalogue has it."""

from reid_models.training.datasets.catalogue import DATASETS

INTRODUCTION = """\
# Data sets

`reid-train fit RECIPE --data NAME=FOLDER` reads them, laid out as their authors give them out; `reid-train data` lists
them. None of them comes with Passerby. What is missing, or laid out otherwise, is one line that says what was expected
and whom to ask. A person who is learnt from and asked for, or searched, is refused. Sets with several splits take
`--split`, and figures on them are means over all.

| name | what | holds | layout of the folder | who has it | licence |
|---|---|---|---|---|---|
"""
LABELS = """
`mars_attributes.csv` of MARS-Attribute in the folder of `mars` gives its tracklets labels of 32 attributes: 12 columns,
of which colours and ages are a label of yes or no for each value. `market_attribute.mat` of Market-1501_Attribute gives
30 (27 columns) to the persons of `market1501`, `market1501-tracklets` and `mars`, who are the same people.
`reid-pipeline simulate-tracklets` writes the layout of MARS, and `attributes.csv` with labels of RAP beside it.
"""


def datasets_page() -> str:
    rows = (
        f"| `{name}` | {entry.title}{_splits(entry.splits)} | {entry.holds} | {entry.layout} | {entry.where} "
        f"| {entry.licence} |\n"
        for name, entry in DATASETS.items()
    )
    return INTRODUCTION + "".join(rows) + LABELS


def _splits(count: int) -> str:
    return f"; {count} splits" if count > 1 else ""
