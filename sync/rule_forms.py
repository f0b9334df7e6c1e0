"""The form of an e-shop's and of the warehouse's rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms import BoundField

from sync.rules import GROUPS, MODES, OVERWRITE

MEANING = {
    "overwrite": "What the e-shop says replaces what is here.",
    "empty": (
        "What the e-shop says is taken over where there is nothing here yet. Fields that say one "
        "thing together, as a status and its type, are filled or kept together."
    ),
    "keep": "What is here stays, whatever the e-shop says.",
}
FIELDS = {
    "status": "Its code, name, type and colour",
    "payment": "Payment method, paid or not and since when, variable symbol",
    "delivery": "Delivery type, note, phone and date, pickup point, tracking",
    "customer": "Name, e-mail, phone, company and its numbers, customer's note",
    "addresses": "Billing and shipping address, each as a whole",
    "items": "The lines: products, shipping, fees, discounts, refunds",
    "totals": "Currency, total, net, tax, shipping, discount, refunded",
    "metadata": "The e-shop's own keys and values, and the own fields mapped from them",
}
PREFIX = "rule"


@dataclass(frozen=True)
class Choice:
    mode: str
    label: str
    id: str
    is_chosen: bool


@dataclass(frozen=True)
class GroupRow:
    """One group of fields as a row of radio buttons."""

    group: str
    label: str
    fields: str
    name: str
    choices: list[Choice]


class RulesForm(forms.Form):
    """A mode for each group; `modes` holds those that are not to overwrite."""

    def __init__(self, saved: Mapping[str, str], data: Any = None) -> None:
        super().__init__(data, prefix=PREFIX)
        for group in GROUPS:
            self.fields[group] = forms.ChoiceField(
                choices=list(MODES.items()),
                initial=saved.get(group, OVERWRITE),
                error_messages={
                    "required": f"Say what a synchronization does with the {group}.",
                    "invalid_choice": f"“%(value)s” is nothing that can be done with the {group}.",
                },
            )

    def clean(self) -> dict[str, Any]:
        for name in self.data:
            group = str(name).removeprefix(f"{PREFIX}-")
            if group != name and group not in GROUPS:
                self.add_error(None, f"There is no group of fields called “{group[:40]}”.")
        return self.cleaned_data

    @property
    def modes(self) -> dict[str, str]:
        """What is stored: a group that is not there is overwritten."""
        return {group: mode for group, mode in self.cleaned_data.items() if mode != OVERWRITE}

    def rows(self) -> list[GroupRow]:
        return [_row(group, self[group]) for group in GROUPS]

    def problems(self) -> list[str]:
        return [str(error) for errors in self.errors.values() for error in errors]


def _row(group: str, field: BoundField) -> GroupRow:
    chosen = field.value()
    choices = [
        Choice(mode, label, f"{field.html_name}-{mode}", mode == chosen)
        for mode, label in MODES.items()
    ]
    return GroupRow(group, group.capitalize(), FIELDS[group], field.html_name, choices)
