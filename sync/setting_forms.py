"""The forms of what orders are resolved with: entries of code lists and metadata mappings."""

import html
import json
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.forms.models import model_to_dict

from eshops.mapping import is_path
from eshops.models import MetadataMapping
from eshops.models import Sequence as CodeListEntry
from orders.templatetags.show import money

BLACK = "#000000"
Target = MetadataMapping.Target


class SettingForm(forms.ModelForm):
    """A row of an e-shop's settings. What it does not show is not written, and nothing is written
    over what somebody changed since the page was opened.

    The page sends `as_it_was` back as "as_it_was"; read the row under the lock it is saved in.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._is = {
            name: json.loads(json.dumps(value, cls=DjangoJSONEncoder))
            for name, value in model_to_dict(self.instance, self._meta.fields).items()
        }

    @property
    def as_it_was(self) -> str:
        """What the row holds, "" for a new one."""
        return json.dumps(self._is) if self.instance.pk else ""

    def clean(self) -> dict[str, Any]:
        values, was = super().clean() or {}, self._was()
        changed = [
            f"{self.fields[name].label or name.capitalize()}: “{self.worded(name, now)}”"
            for name, now in model_to_dict(self.instance, self.changed_data).items()
            if name in was and was[name] != self._is[name]
        ]
        if changed:
            self.add_error(
                None,
                f"Somebody has changed this since you opened it. It is now: {', '.join(changed)}. "
                "Nothing was saved. What you entered is still here: correct it, or save it again.",
            )
        return values

    def _was(self) -> dict[str, Any]:
        try:
            was = json.loads(self.data.get("as_it_was") or "{}")
        except (ValueError, RecursionError):
            return {}
        return was if isinstance(was, dict) else {}

    def save(self, commit: bool = True) -> Any:
        row = self.instance
        if row.pk:
            row.save(
                update_fields=[name for name in self._meta.fields or () if name in self.fields]
            )
        else:
            row.save()
        return row

    def worded(self, name: str, value: Any) -> str:
        """A field's value as people read it."""
        choices = getattr(self.fields[name], "choices", None)
        labels = {str(key): str(label) for key, label in choices} if choices else {}
        if isinstance(value, list):
            return ", ".join(labels.get(each, str(each)) for each in value)
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, Decimal):
            return money(value)
        return labels.get(str(value), html.unescape(str(value or "")))


class PriceField(forms.DecimalField):
    """A price as people write it here: 1 250,50 is 1250.50."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = "".join(value.split()).replace(",", ".")
        return super().to_python(value)


class SequenceForm(SettingForm):
    """An entry of a code list. One that staff add has a code of its own, which stays as it is."""

    picked = forms.CharField(
        label="Pick a colour",
        required=False,
        max_length=7,
        widget=forms.TextInput({"type": "color", "data-picks": ""}),
    )
    price = PriceField(
        required=False,
        max_digits=20,
        decimal_places=6,
        widget=forms.TextInput({"inputmode": "decimal", "size": 9}),
    )

    class Meta:
        model = CodeListEntry
        fields = ["code", "name", "type", "color", "description", "price", "in_eshop"]
        labels = {"color": "Colour (HEX)"}
        widgets = {
            "color": forms.TextInput({"size": 9, "placeholder": "#1d5fbf", "data-hex": ""}),
            "description": forms.Textarea({"rows": 2}),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        row = self.instance
        self.fields["code"] = forms.CharField(max_length=191, strip=False)
        self.fields["type"] = forms.ChoiceField(
            required=False, choices=[("", "None"), *CodeListEntry.types(row.kind)]
        )
        for name, value in row.theirs.items():
            if name in self.fields:
                self.fields[name].help_text = f"The e-shop: {self.worded(name, value)}"
        is_status = row.kind == CodeListEntry.Kind.STATUS
        absent = ["description", "price"] if is_status else ["color", "picked"]
        absent += ["code"] if row.pk else []
        absent += ["in_eshop"] if row.source_name else []
        for name in absent:
            del self.fields[name]
        if is_status:
            self.fields["picked"].initial = (row.color or BLACK).lower()
        elif row.price is not None:
            self.initial["price"] = f"{row.price.normalize():f}"
            self.fields["price"].widget.attrs["min"] = "0"

    def clean_code(self) -> str:
        code, row = self.cleaned_data["code"], self.instance
        if not row.eshop.orders.filter(**{f"{row.kind}_code": code}).exists():
            code = code.strip()  # blanks around it are a slip, unless orders have them
        if not code:
            raise ValidationError(self.fields["code"].error_messages["required"])
        if row.eshop.sequences.filter(kind=row.kind, code=code).exists():
            raise ValidationError(
                f"This e-shop has an entry with the code “{code}” in this list already."
            )
        return code

    def clean_price(self) -> Any:
        price = self.cleaned_data["price"]
        if price is not None and price < 0:
            raise ValidationError("A price is not negative.")
        return price

    def clean(self) -> dict[str, Any]:
        """Without scripts a colour that was only picked stands in the picker alone."""
        values = super().clean() or {}
        if "picked" in self.changed_data and "color" not in self.changed_data:
            values["color"] = values.get("picked") or values.get("color", "")
        return values


class MappingForm(SettingForm):
    """A metadata mapping; `others` are the e-shop's other ones, `known_keys` keys that occur."""

    transforms = forms.MultipleChoiceField(
        required=False,
        choices=MetadataMapping.Transform.choices,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = MetadataMapping
        fields = ["scope", "source_key", "transforms", "target", "label"]
        labels = {"scope": "Metadata of", "source_key": "Key", "target": "Goes into"}
        widgets = {"source_key": forms.TextInput({"size": 34, "spellcheck": "false"})}

    def __init__(
        self,
        *args: Any,
        others: Sequence[MetadataMapping],
        known_keys: Collection[str] = (),
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self._others, self._known_keys = others, known_keys

    def clean_source_key(self) -> str:
        key = self.cleaned_data["source_key"]
        if not is_path(key) and key not in self._known_keys:
            raise ValidationError(
                f"“{key}” cannot lead to a value. Write a key, or a path into its value: "
                "point.id, stops[0].name"
            )
        return key

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        target, label = values.get("target"), values.get("label", "")
        if target == Target.CUSTOM and not label and "label" not in self.errors:
            self.add_error("label", "A field of our own needs a label.")
        elif target and target != Target.CUSTOM and label:
            self.add_error("label", "Only a field of our own has a label; leave it empty here.")
        if any(_same(values, other) for other in self._others):
            self.add_error(None, "There is a mapping of this key into this field already.")
        return values


def _same(values: Mapping[str, Any], other: MetadataMapping) -> bool:
    names = ("scope", "source_key", "target", "label")
    return all(values.get(name) == getattr(other, name) for name in names)
